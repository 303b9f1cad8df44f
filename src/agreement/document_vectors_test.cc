// docs/formats/vectors/documents.json: every document once, made from fixed keys, and documents that every
// reader refuses.
#include <gtest/gtest.h>

#include "agreement/keys.h"
#include "agreement/people_for_test.h"
#include "codec/text.h"
#include "codec/vector_file_for_test.h"
#include "crypto/jws.h"

namespace cloister::agreement {
namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

std::string Hex(const Digest256& digest) { return codec::HexEncode(digest); }

const LedgerPoint kVerified{.size = 2, .root = for_test::DigestOf("ledger of two entries")};

struct Cast {
  for_test::Person hospital = for_test::Hospital();
  for_test::Person insurer = for_test::Insurer();
  for_test::Person analyst = for_test::Analyst();
  crypto::Ed25519Signer enclave = for_test::SignerFrom("document key");
  Charter charter = for_test::CharterOf({hospital, insurer, analyst}, {.kind = ApprovalRule::Kind::kMajority});
};

JsonObject KeyVector(std::string_view name, const crypto::Ed25519Signer& signer) {
  JsonObject json;
  json["name"] = name;
  json["seed"] = codec::HexEncode(signer.seed().view());
  json["public_key"] = codec::Base64UrlEncode(signer.public_key().raw());
  json["thumbprint"] = signer.public_key().Thumbprint();
  return json;
}

JsonObject DocumentVector(std::string_view name, const std::string& jws, const Json& payload) {
  JsonObject json;
  json["name"] = name;
  json["payload"] = codec::CanonicalJson(payload);
  json["jws"] = jws;
  json["digest"] = Hex(crypto::JwsDigest(jws).value());
  return json;
}

JsonObject LinkVector(std::string_view name, const SignedLink& link) {
  return DocumentVector(name, link.compact(), EncodeLink(link.header(), link.body()));
}

JsonObject DerivedKeys() {
  const SecretBytes key = SecretBytes::CopyOf(for_test::DigestOf("environment key"));
  const Thumbprint hospital = for_test::Hospital().thumbprint();
  JsonObject json;
  json["environment_key"] = codec::HexEncode(key.view());
  json["dataset of hospital"] = codec::HexEncode(DatasetIdentitySecret(key, hospital).view());
  json["state"] = codec::HexEncode(StateIdentitySecret(key).view());
  json["ledger"] = codec::HexEncode(LedgerSealKey(key).view());
  json["noise"] = codec::HexEncode(NoiseKey(key).view());
  return json;
}

JsonArray Accepted(Cast& cast) {
  const EnvironmentId environment = for_test::Environment();
  const Digest256 charter = CharterDigest(cast.charter);
  const auto sign = [&](for_test::Person& person, const LinkBody& body) {
    return person.Sign(kVerified, body, environment);
  };
  const SignedLink acceptance = sign(cast.hospital, Acceptance{.charter = charter,
                                                               .recipient_commitment = for_test::DigestOf("recipients"),
                                                               .entry_0 = for_test::DigestOf("entry 0"),
                                                               .custody = Custody::kSelf,
                                                               .unconfirmed = {cast.analyst.thumbprint()}});
  const SignedLink manifest = sign(cast.hospital, for_test::ManifestOf(for_test::Dataset('1'), "visits", charter));
  const SignedLink query =
      sign(cast.analyst, for_test::RequestOf(for_test::Query('1'),
                                             {{.dataset = for_test::Dataset('1'), .manifest = manifest.digest()}},
                                             charter, {cast.analyst.thumbprint(), cast.hospital.thumbprint()}));
  const SignedReport report = SignReport(cast.enclave, for_test::ReportOn(query, {cast.hospital.thumbprint()})).value();
  const SignedLink approval = sign(cast.hospital, for_test::ApprovalOf(report.body()));
  const Receipt receipt{.environment = environment,
                        .query = query.digest(),
                        .query_id = for_test::Query('1'),
                        .plan = report.body().accepted->plan,
                        .report_digest = report.body().accepted->report_digest,
                        .approvals = {approval.digest()},
                        .result = {.digest = for_test::DigestOf("sealed"), .length_bytes = 5123, .format = "json"},
                        .recipients = report.body().recipients,
                        .rows = 12,
                        .protections = {"R22"},
                        .spent = report.body().charges,
                        .checkpoint = kVerified,
                        .time_bucket_ms = 250,
                        .evidence = for_test::DigestOf("evidence"),
                        .time = for_test::kNow};
  const SignedReceipt signed_receipt = SignReceipt(cast.enclave, receipt).value();
  JsonArray array;
  array.push_back(LinkVector("acceptance", acceptance));
  array.push_back(LinkVector("manifest", manifest));
  array.push_back(LinkVector("query", query));
  array.push_back(DocumentVector("report", report.compact(), EncodeReport(report.body())));
  array.push_back(LinkVector("approval", approval));
  array.push_back(
      LinkVector("rejection", sign(cast.insurer, Rejection{.query = query.digest(), .reason = "not ours"})));
  array.push_back(LinkVector(
      "revocation of the manifest",
      sign(cast.hospital,
           Revocation{.ends = Revocation::Ends::kManifest, .document = manifest.digest(), .reason = "sold"})));
  array.push_back(DocumentVector("receipt", signed_receipt.compact(), EncodeReceipt(receipt)));
  return array;
}

struct Refused {
  std::string name;
  std::string jws;
};

// A JWS put together by hand, which SignJws would not do.
std::string Compose(const crypto::Ed25519Signer& signer, std::string_view header, std::string_view payload) {
  const std::string input = codec::Base64UrlEncode(AsBytes(header)) + "." + codec::Base64UrlEncode(AsBytes(payload));
  return input + "." + codec::Base64UrlEncode(signer.Sign(AsBytes(input)).value());
}

std::string Header(const crypto::Ed25519Signer& signer, std::string_view before, std::string_view after) {
  return "{" + std::string(before) + R"("alg":"EdDSA","kid":")" + signer.public_key().Thumbprint() +
         R"(","typ":"cloister-rejection+jws")" + std::string(after) + "}";
}

std::vector<Refused> RefusedLinks(const Cast& cast) {
  const crypto::Ed25519Signer& key = cast.hospital.signer();
  const SignedLink good =
      for_test::Hospital().Draft(kVerified, Rejection{.query = Digest256{1}, .reason = "no"}, for_test::Environment());
  const JsonObject payload = EncodeLink(good.header(), good.body()).as_object();
  const std::string text = codec::CanonicalJson(payload);
  const auto changed = [&](std::string_view member, Json value) {
    JsonObject other = payload;
    other[member] = std::move(value);
    return crypto::SignJws(key, good.typ(), other).value();
  };
  const auto without = [&](std::string_view member) {
    JsonObject other = payload;
    other.erase(member);
    return crypto::SignJws(key, good.typ(), other).value();
  };
  const std::string signature_start = good.compact().substr(0, good.compact().rfind('.') + 1);
  const std::string forged_signature =
      signature_start + codec::Base64UrlEncode(key.Sign(AsBytes("something else")).value());
  std::string padded = good.compact();
  padded += "=";
  return {
      {"another signature", forged_signature},
      {"a padded signature", padded},
      {"a header member more", Compose(key, Header(key, "", R"(,"x":1)"), text)},
      {"a critical extension", Compose(key, Header(key, "", R"(,"crit":["x"])"), text)},
      {"a key in the header", Compose(key, Header(key, "", R"(,"jwk":{})"), text)},
      {"a header in another order",
       Compose(key, R"({"typ":"cloister-rejection+jws","alg":"EdDSA","kid":")" + key.public_key().Thumbprint() + "\"}",
               text)},
      {"a header with white space", Compose(key, " " + Header(key, "", ""), text)},
      {"no algorithm",
       Compose(key, R"({"alg":"none","kid":")" + key.public_key().Thumbprint() + R"(","typ":"cloister-rejection+jws"})",
               text)},
      {"a payload that is not canonical", Compose(key, Header(key, "", ""), text + " ")},
      {"a member twice", Compose(key, Header(key, "", ""), R"({"seq":1,)" + text.substr(1))},
      {"a payload that is no object", Compose(key, Header(key, "", ""), "[]")},
      {"a reserved typ", crypto::SignJws(key, "cloister-standing+jws", payload).value()},
      {"another document's typ", crypto::SignJws(key, "cloister-approval+jws", payload).value()},
      {"another environment", changed("env", Json(for_test::Environment('2').str()))},
      {"link 0", changed("seq", 0)},
      {"a number that is no integer", changed("seq", 1.5)},
      {"a first link with a predecessor", changed("previous", Json(std::string(64, '0')))},
      {"a second link without one", changed("seq", 2)},
      {"a ledger of no entries", changed("checkpoint", EncodeLedgerPoint({}))},
      {"a time with an offset", changed("time", "2026-11-22T09:36:00+01:00")},
      {"a member more", changed("debug", true)},
      {"a member less", without("time")},
      {"a stranger's key", for_test::Newcomer().Draft(kVerified, good.body(), for_test::Environment()).compact()},
  };
}

JsonArray RefusedVectors(const Cast& cast) {
  JsonArray array;
  for (const Refused& refused : RefusedLinks(cast)) {
    EXPECT_FALSE(VerifyLink(refused.jws, cast.charter).has_value()) << refused.name;
    JsonObject json;
    json["name"] = refused.name;
    json["jws"] = refused.jws;
    array.push_back(std::move(json));
  }
  return array;
}

TEST(DocumentVectors, AreRemadeByteByByte) {
  Cast cast;
  JsonObject charter;
  charter["canonical"] = codec::CanonicalJson(EncodeCharter(cast.charter));
  charter["digest"] = Hex(CharterDigest(cast.charter));
  JsonObject json;
  json["format"] = "docs/formats/documents.md";
  json["keys"] =
      JsonArray{KeyVector("hospital", cast.hospital.signer()), KeyVector("insurer", cast.insurer.signer()),
                KeyVector("analyst", cast.analyst.signer()), KeyVector("enclave's document key", cast.enclave)};
  json["derived_keys"] = DerivedKeys();
  json["charter"] = std::move(charter);
  json["documents"] = Accepted(cast);
  json["refused"] = RefusedVectors(cast);
  codec::for_test::CompareWithVectorFile(CLOISTER_SOURCE_DIR "/docs/formats/vectors/documents.json", json);
}

}  // namespace
}  // namespace cloister::agreement
