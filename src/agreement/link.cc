#include "agreement/link.h"

#include "agreement/fields.h"

namespace cloister::agreement {
namespace {

// One row per kind of link: its typ, and how its body is written and read.
template <typename Body>
struct Kind;
template <>
struct Kind<Acceptance> {
  static constexpr std::string_view kTyp = "cloister-acceptance+jws";
  static constexpr auto kEncode = EncodeAcceptance;
  static constexpr auto kDecode = DecodeAcceptance;
};
template <>
struct Kind<Manifest> {
  static constexpr std::string_view kTyp = "cloister-manifest+jws";
  static constexpr auto kEncode = EncodeManifest;
  static constexpr auto kDecode = DecodeManifest;
};
template <>
struct Kind<QueryRequest> {
  static constexpr std::string_view kTyp = "cloister-query+jws";
  static constexpr auto kEncode = EncodeQueryRequest;
  static constexpr auto kDecode = DecodeQueryRequest;
};
template <>
struct Kind<Approval> {
  static constexpr std::string_view kTyp = "cloister-approval+jws";
  static constexpr auto kEncode = EncodeApproval;
  static constexpr auto kDecode = DecodeApproval;
};
template <>
struct Kind<Rejection> {
  static constexpr std::string_view kTyp = "cloister-rejection+jws";
  static constexpr auto kEncode = EncodeRejection;
  static constexpr auto kDecode = DecodeRejection;
};
template <>
struct Kind<Revocation> {
  static constexpr std::string_view kTyp = "cloister-revocation+jws";
  static constexpr auto kEncode = EncodeRevocation;
  static constexpr auto kDecode = DecodeRevocation;
};

constexpr std::string_view kStandingTyp = "cloister-standing+jws";

Error UnknownTyp(std::string_view typ) {
  if (typ == kStandingTyp) {
    return InvalidArgument("standing approvals need witnesses and are refused in this version");
  }
  return InvalidArgument("a document of typ " + std::string(typ) + " is no link");
}

// Tries the kinds one by one.
template <std::size_t I = 0>
Result<LinkBody> DecodeBody(std::string_view typ, const codec::Json& json) {
  if constexpr (I == std::variant_size_v<LinkBody>) {
    return UnknownTyp(typ);
  } else {
    using Body = std::variant_alternative_t<I, LinkBody>;
    if (typ != Kind<Body>::kTyp) return DecodeBody<I + 1>(typ, json);
    CLOISTER_ASSIGN(Body body, Kind<Body>::kDecode(json));
    return LinkBody(std::move(body));
  }
}

template <std::size_t I = 0>
bool IsLinkTyp(std::string_view typ) {
  if constexpr (I == std::variant_size_v<LinkBody>) {
    return false;
  } else {
    return typ == Kind<std::variant_alternative_t<I, LinkBody>>::kTyp || IsLinkTyp<I + 1>(typ);
  }
}

struct Payload {
  LinkHeader header;
  const codec::Json& body;
};

Result<Payload> DecodePayload(const codec::Json& json) {
  codec::ObjectReader in(json, "link");
  LinkHeader header{.environment = ReadEnvironmentId(in, "env")};
  header.seq = static_cast<std::uint64_t>(in.Integer("seq", 1, kLinkSeqMax));
  header.previous = ReadNullableDigest(in, "previous");
  if ((header.seq == 1) == header.previous.has_value()) {
    in.Fail("previous", "must be null in link 1 and a digest in every later one");
  }
  const codec::Json& checkpoint = in.Any("checkpoint");
  header.time = ReadInstant(in, "time");
  const codec::Json& body = in.Any("body");
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(header.checkpoint, DecodeLedgerPoint(checkpoint, "link.checkpoint"));
  return Payload{.header = std::move(header), .body = body};
}

}  // namespace

codec::Json EncodeLedgerPoint(const LedgerPoint& point) {
  codec::JsonObject json;
  json["size"] = static_cast<std::int64_t>(point.size);
  json["root"] = HexDigest(point.root);
  return json;
}

Result<LedgerPoint> DecodeLedgerPoint(const codec::Json& json, const std::string& where) {
  codec::ObjectReader in(json, where);
  LedgerPoint point;
  point.size = static_cast<std::uint64_t>(in.Integer("size", 1, kLedgerSizeMax));
  point.root = in.HexDigest("root");
  CLOISTER_TRY(in.Finish());
  return point;
}

std::string_view LinkTyp(const LinkBody& body) {
  return std::visit([]<typename Body>(const Body&) { return Kind<Body>::kTyp; }, body);
}

codec::Json EncodeLink(const LinkHeader& header, const LinkBody& body) {
  codec::JsonObject json;
  json["env"] = header.environment.str();
  json["seq"] = static_cast<std::int64_t>(header.seq);
  json["previous"] = NullableDigest(header.previous);
  json["checkpoint"] = EncodeLedgerPoint(header.checkpoint);
  json["time"] = FormatRfc3339(header.time);
  json["body"] = std::visit([]<typename Body>(const Body& one) { return Kind<Body>::kEncode(one); }, body);
  return json;
}

SignedLink::SignedLink(Thumbprint signer, LinkHeader header, LinkBody body, const crypto::VerifiedJws& jws)
    : signer_(std::move(signer)),
      header_(std::move(header)),
      body_(std::move(body)),
      digest_(jws.digest()),
      compact_(jws.compact()) {}

Result<UnverifiedLink> PeekLink(std::string_view compact) {
  CLOISTER_ASSIGN(crypto::UnverifiedJws jws, crypto::PeekJws(compact));
  if (!IsLinkTyp(jws.typ)) return UnknownTyp(jws.typ);
  return UnverifiedLink{.signer = std::move(jws.kid), .typ = std::move(jws.typ)};
}

Result<SignedLink> VerifyLink(std::string_view compact, const crypto::Ed25519PublicKey& key,
                              const EnvironmentId& environment) {
  CLOISTER_ASSIGN(const UnverifiedLink peeked, PeekLink(compact));
  CLOISTER_ASSIGN(const crypto::VerifiedJws jws, crypto::VerifyJws(compact, peeked.typ, key));
  CLOISTER_ASSIGN(Payload payload, DecodePayload(jws.payload()));
  if (payload.header.environment != environment) {
    return VerificationFailed("the link is of another environment, " + payload.header.environment.str());
  }
  CLOISTER_ASSIGN(LinkBody body, DecodeBody(jws.typ(), payload.body));
  return SignedLink(jws.kid(), std::move(payload.header), std::move(body), jws);
}

Result<SignedLink> VerifyLink(std::string_view compact, const Charter& charter) {
  CLOISTER_ASSIGN(const UnverifiedLink peeked, PeekLink(compact));
  const Participant* signer = charter.Find(peeked.signer);
  if (signer == nullptr) return VerificationFailed("the link's signer is no participant of this charter");
  return VerifyLink(compact, signer->public_key, charter.environment);
}

}  // namespace cloister::agreement
