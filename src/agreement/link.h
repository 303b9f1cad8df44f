#pragma once

// The link: the one envelope in which a participant says anything (docs/formats/documents.md, "Link"). A JWS
// whose payload names the environment, the signer's own number and previous link, the last ledger state he
// verified, and the body.
//
//   CLOISTER_ASSIGN(SignedLink link, VerifyLink(jws, charter));   // a participant of the charter did sign it
//   if (const auto* approval = link.As<Approval>()) ...
//
// A SignedLink proves: the bytes are well-formed, the signature is of link.signer(), whose key the caller's
// charter (or the caller himself) names, and the environment is the caller's. It proves nothing about order
// (chain.h), nor that the ledger, the charter or the query it names exist (ledger/replay.h).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "agreement/charter.h"
#include "agreement/documents.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/jws.h"
#include "crypto/signer.h"

namespace cloister::agreement {

inline constexpr std::uint64_t kLinkSeqMax = 1'000'000'000;
inline constexpr std::uint64_t kLedgerSizeMax = 1'000'000'000'000;

// A state of a ledger: so many entries, with this root.
struct LedgerPoint {
  std::uint64_t size = 0;
  Digest256 root{};
  bool operator==(const LedgerPoint&) const = default;
};
codec::Json EncodeLedgerPoint(const LedgerPoint& point);
Result<LedgerPoint> DecodeLedgerPoint(const codec::Json& json, const std::string& where);  // size >= 1

struct LinkHeader {
  EnvironmentId environment;
  std::uint64_t seq = 1;                   // the signer's own count, from 1
  std::optional<Digest256> previous = {};  // digest of his link seq - 1; absent in the first alone
  LedgerPoint checkpoint = {};             // the last ledger state that he verified
  Instant time = {};                       // his clock, for people; nothing is decided by it
  bool operator==(const LinkHeader&) const = default;
};

using LinkBody = std::variant<Acceptance, Manifest, QueryRequest, Approval, Rejection, Revocation>;

// "cloister-approval+jws" for an Approval, and so on.
std::string_view LinkTyp(const LinkBody& body);

// The payload that is signed.
codec::Json EncodeLink(const LinkHeader& header, const LinkBody& body);

class SignedLink {
 public:
  const Thumbprint& signer() const { return signer_; }
  const LinkHeader& header() const { return header_; }
  const LinkBody& body() const { return body_; }
  std::string_view typ() const { return LinkTyp(body_); }
  // Null when the body is of another kind.
  template <typename Body>
  const Body* As() const {
    return std::get_if<Body>(&body_);
  }
  // What other documents call it by: SHA-256 of the JWS signing input.
  const Digest256& digest() const { return digest_; }
  const std::string& compact() const { return compact_; }

 private:
  friend Result<SignedLink> VerifyLink(std::string_view, const crypto::Ed25519PublicKey&, const EnvironmentId&);
  SignedLink(Thumbprint signer, LinkHeader header, LinkBody body, const crypto::VerifiedJws& jws);

  Thumbprint signer_;
  LinkHeader header_;
  LinkBody body_;
  Digest256 digest_;
  std::string compact_;
};

// What a link says of itself before its signature is checked: enough to look the signer up, and nothing more.
struct UnverifiedLink {
  Thumbprint signer = {};
  std::string typ = {};
};
Result<UnverifiedLink> PeekLink(std::string_view compact);

// kInvalidArgument: malformed, or a typ that this version does not accept (a standing approval among them).
// kVerificationFailed: another key, another environment, a wrong signature.
Result<SignedLink> VerifyLink(std::string_view compact, const crypto::Ed25519PublicKey& key,
                              const EnvironmentId& environment);
// The same with the key that the charter has for the signer; kVerificationFailed when he is no participant of
// it.
Result<SignedLink> VerifyLink(std::string_view compact, const Charter& charter);

}  // namespace cloister::agreement
