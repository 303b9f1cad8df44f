// A link's payload as a participant might sign it: what is read says the same when it is written and read
// again. The input is one line with the typ and then the payload, which is signed here, because no fuzzer
// finds a signature; the whole input is also tried as a JWS.
#include "agreement/link.h"
#include "base/check.h"
#include "crypto/digest.h"

namespace {

using namespace cloister;

const crypto::Ed25519Signer& Signer() {
  static const crypto::Ed25519Signer signer =
      crypto::Ed25519Signer::FromSeed(SecretBytes::CopyOf(crypto::Sha256(AsBytes("fuzz")))).value();
  return signer;
}

Result<agreement::SignedLink> SignAndRead(std::string_view typ, const codec::Json& payload,
                                          const EnvironmentId& environment) {
  CLOISTER_ASSIGN(const std::string jws, crypto::SignJws(Signer(), typ, payload));
  return agreement::VerifyLink(jws, Signer().public_key(), environment);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const EnvironmentId environment = EnvironmentId::Parse("env_00000000000000000000000001").value();
  const std::string_view text = AsText({data, size});
  CLOISTER_CHECK(!agreement::VerifyLink(text, Signer().public_key(), environment).has_value());
  const std::size_t line = text.find('\n');
  if (line == text.npos) return 0;
  const auto payload = codec::ParseJson(text.substr(line + 1));
  if (!payload) return 0;
  const auto link = SignAndRead(text.substr(0, line), *payload, environment);
  if (!link) return 0;
  const auto again = SignAndRead(link->typ(), agreement::EncodeLink(link->header(), link->body()), environment);
  CLOISTER_CHECK(again.has_value());
  CLOISTER_CHECK(again->header() == link->header());
  CLOISTER_CHECK(again->body() == link->body());
  return 0;
}
