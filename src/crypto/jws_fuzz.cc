// A JWS that our reader takes has one form: its parts say the same when they are written again, and PeekJws,
// JwsDigest and VerifyJws agree on whether it is well formed.
#include "base/check.h"
#include "codec/text.h"
#include "crypto/digest.h"
#include "crypto/jws.h"

namespace {

using namespace cloister;

const crypto::Ed25519Signer& FuzzSigner() {
  static const crypto::Ed25519Signer signer =
      crypto::Ed25519Signer::FromSeed(SecretBytes::CopyOf(Bytes(32, 7))).value();
  return signer;
}

// Any text, as it stands.
void Read(std::string_view text) {
  const auto peeked = crypto::PeekJws(text);
  const auto digest = crypto::JwsDigest(text);
  CLOISTER_CHECK(peeked.has_value() == digest.has_value());
  const std::string typ = peeked ? peeked->typ : "any";
  const auto verified = crypto::VerifyJws(text, typ, FuzzSigner().public_key());
  if (!verified) return;
  CLOISTER_CHECK(verified->compact() == text && verified->digest() == *digest);
  CLOISTER_CHECK(crypto::SignJws(FuzzSigner(), typ, verified->payload()).value() == text);
}

// The same text as a payload under a right signature: what is taken is canonical.
void ReadSigned(std::string_view payload) {
  const std::string header =
      R"({"alg":"EdDSA","kid":")" + FuzzSigner().public_key().Thumbprint() + R"(","typ":"t"})";
  const std::string input =
      codec::Base64UrlEncode(AsBytes(header)) + "." + codec::Base64UrlEncode(AsBytes(payload));
  const auto signature = FuzzSigner().Sign(AsBytes(input)).value();
  const auto verified =
      crypto::VerifyJws(input + "." + codec::Base64UrlEncode(signature), "t", FuzzSigner().public_key());
  if (verified) CLOISTER_CHECK(codec::CanonicalJson(verified->payload()) == payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = AsText({data, size});
  Read(text);
  ReadSigned(text);
  return 0;
}
