// AEADs, plain block cipher modes, and key wrapping.
#include <sodium/crypto_aead_xchacha20poly1305.h>

#include "crypto/aead.h"
#include "crypto/digest.h"
#include "vectors/library_crypto.h"
#include "vectors/wycheproof.h"

namespace cloister::vectors {
namespace {

struct AeadTest {
  Bytes key, iv, aad, msg;
  Sealed sealed;
  std::size_t tag_bytes;
};

AeadTest ReadAead(const WycheproofTest& test) {
  return {.key = Hex(test.test, "key"),
          .iv = Hex(test.test, "iv"),
          .aad = Hex(test.test, "aad"),
          .msg = Hex(test.test, "msg"),
          .sealed = {Hex(test.test, "ct"), Hex(test.test, "tag")},
          .tag_bytes = static_cast<std::size_t>(Integer(test.group, "tagSize")) / 8};
}

// Opening decides; what opens must also be what sealing makes.
Answer BothWays(const MaybeBytes& opened, const std::optional<Sealed>& sealed, const AeadTest& aead) {
  if (!opened) return Answer::kRefused;
  const bool same = *opened == aead.msg && sealed && sealed->ciphertext == aead.sealed.ciphertext &&
                    sealed->tag == aead.sealed.tag;
  return same ? Answer::kAccepted : Answer::kWrong;
}

Bytes Joined(const Sealed& sealed) {
  Bytes joined = sealed.ciphertext;
  Append(joined, sealed.tag);
  return joined;
}
Sealed Split(const Bytes& joined) {
  const ByteView view(joined);
  return {ToBytes(view.first(joined.size() - 16)), ToBytes(view.last(16))};
}

Answer CheckChaCha20Poly1305(const AeadTest& aead) {
  using Ours = crypto::ChaCha20Poly1305;
  // The sizes are part of our function's contract.
  if (aead.key.size() != Ours::kKeyBytes || aead.iv.size() != Ours::kNonceBytes ||
      aead.sealed.tag.size() != Ours::kTagBytes) {
    return Answer::kRefused;
  }
  Ours ours(aead.key);
  Bytes opened(aead.sealed.ciphertext.size()), sealed(aead.msg.size() + Ours::kTagBytes);
  if (!ours.Open(aead.iv, Joined(aead.sealed), aead.aad, opened)) return Answer::kRefused;
  ours.Seal(aead.iv, aead.msg, aead.aad, sealed);
  return BothWays(opened, Split(sealed), aead);
}

Answer CheckXChaCha20Poly1305(const AeadTest& aead) {
  if (aead.key.size() != 32 || aead.iv.size() != 24 || aead.sealed.tag.size() != 16) return Answer::kRefused;
  const Bytes joined = Joined(aead.sealed);
  Bytes opened(aead.sealed.ciphertext.size()), sealed(aead.msg.size() + 16);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(opened.data(), nullptr, nullptr, joined.data(),
                                                 joined.size(), aead.aad.data(), aead.aad.size(),
                                                 aead.iv.data(), aead.key.data()) != 0) {
    return Answer::kRefused;
  }
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data(), nullptr, aead.msg.data(), aead.msg.size(),
                                             aead.aad.data(), aead.aad.size(), nullptr, aead.iv.data(),
                                             aead.key.data());
  return BothWays(opened, Split(sealed), aead);
}

// RFC 7518 section 5.2 (A128CBC-HS256 and so on): MAC key first, tag cut to half of the hash.
Bytes CbcHmacTag(ByteView mac_key, const AeadTest& aead, ByteView ciphertext, std::size_t hash_bits) {
  Bytes input = aead.aad;
  Append(input, aead.iv);
  Append(input, ciphertext);
  AppendBigEndian64(input, aead.aad.size() * 8);
  Bytes tag = LibraryHmac("SHA2-" + std::to_string(hash_bits), mac_key, input);
  tag.resize(mac_key.size());
  return tag;
}

Answer CheckCbcHmac(const AeadTest& aead, std::size_t hash_bits) {
  const std::size_t half = hash_bits / 16;
  if (aead.key.size() != 2 * half || aead.iv.size() != 16) return Answer::kRefused;
  const ByteView mac_key = ByteView(aead.key).first(half), cipher_key = ByteView(aead.key).last(half);
  const CipherInput cipher{
      .algorithm = "AES-" + std::to_string(half * 8) + "-CBC", .key = cipher_key, .iv = aead.iv};
  const Bytes expected = CbcHmacTag(mac_key, aead, aead.sealed.ciphertext, hash_bits);
  if (!crypto::EqualInConstantTime(expected, aead.sealed.tag)) return Answer::kRefused;
  const MaybeBytes ciphertext = LibraryEncrypt(cipher, aead.msg);
  if (!ciphertext) return Answer::kWrong;
  const Sealed sealed{*ciphertext, CbcHmacTag(mac_key, aead, *ciphertext, hash_bits)};
  return BothWays(LibraryDecrypt(cipher, aead.sealed.ciphertext), sealed, aead);
}

// "AES-GCM" with a key of 16 bytes is OpenSSL's "AES-128-GCM".
std::string WithKeySize(std::string_view algorithm, std::size_t key_bytes) {
  const std::size_t dash = algorithm.find('-');
  return std::string(algorithm.substr(0, dash)) + "-" + std::to_string(key_bytes * 8) +
         std::string(algorithm.substr(dash));
}

bool IsKeySize(std::size_t bytes) { return bytes == 16 || bytes == 24 || bytes == 32; }

Answer CheckLibraryAead(const std::string& algorithm, const AeadTest& aead) {
  if (!IsKeySize(aead.key.size())) return Answer::kRefused;
  const AeadInput input{.algorithm = WithKeySize(algorithm, aead.key.size()),
                        .key = aead.key,
                        .nonce = aead.iv,
                        .associated_data = aead.aad,
                        .tag_bytes = aead.tag_bytes};
  constexpr std::size_t kEvpNonceBytesMax = 128;
  if (algorithm == "AES-GCM" && aead.iv.size() > kEvpNonceBytesMax) {
    return BothWays(LibraryLongNonceGcmOpen(input, aead.sealed), LibraryLongNonceGcmSeal(input, aead.msg),
                    aead);
  }
  return BothWays(LibraryOpen(input, aead.sealed), LibrarySeal(input, aead.msg), aead);
}

bool IsSivKeySize(std::size_t bytes) { return bytes == 32 || bytes == 48 || bytes == 64; }

// RFC 5297 section 6: the nonce is the last part before the plaintext.
Answer CheckSivAead(const AeadTest& aead) {
  if (!IsSivKeySize(aead.key.size())) return Answer::kRefused;
  const std::vector<Bytes> parts = {aead.aad, aead.iv};
  return BothWays(LibrarySivOpen(aead.key, parts, aead.sealed), LibrarySivSeal(aead.key, parts, aead.msg),
                  aead);
}

// The same without a nonce; the tag stands before the ciphertext.
Answer CheckDeterministic(const WycheproofTest& test) {
  if (test.algorithm != "AES-SIV-CMAC") {
    throw VectorError("no rule for the deterministic AEAD " + test.algorithm);
  }
  const Bytes key = Hex(test.test, "key"), msg = Hex(test.test, "msg"), ct = Hex(test.test, "ct");
  if (!IsSivKeySize(key.size()) || ct.size() < 16) return Answer::kRefused;
  const std::vector<Bytes> parts = {Hex(test.test, "aad")};
  const Sealed given{ToBytes(ByteView(ct).subspan(16)), ToBytes(ByteView(ct).first(16))};
  const MaybeBytes opened = LibrarySivOpen(key, parts, given);
  if (!opened) return Answer::kRefused;
  const auto sealed = LibrarySivSeal(key, parts, msg);
  const bool same =
      *opened == msg && sealed && sealed->tag == given.tag && sealed->ciphertext == given.ciphertext;
  return same ? Answer::kAccepted : Answer::kWrong;
}

Answer CheckAead(const WycheproofTest& test) {
  const AeadTest aead = ReadAead(test);
  const std::string& algorithm = test.algorithm;
  if (algorithm == "CHACHA20-POLY1305") return CheckChaCha20Poly1305(aead);
  if (algorithm == "XCHACHA20-POLY1305") return CheckXChaCha20Poly1305(aead);
  if (algorithm == "AEAD-AES-SIV-CMAC") return CheckSivAead(aead);
  if (algorithm == "A128CBC-HS256") return CheckCbcHmac(aead, 256);
  if (algorithm == "A192CBC-HS384") return CheckCbcHmac(aead, 384);
  if (algorithm == "A256CBC-HS512") return CheckCbcHmac(aead, 512);
  if (algorithm == "AES-GCM" || algorithm == "AES-CCM" || algorithm == "ARIA-GCM" ||
      algorithm == "ARIA-CCM") {
    return CheckLibraryAead(algorithm, aead);
  }
  throw VectorError("no rule for the AEAD " + algorithm);
}

Answer CheckUnauthenticated(const WycheproofTest& test) {
  const std::string& algorithm = test.algorithm;
  const Bytes key = Hex(test.test, "key"), iv = Hex(test.test, "iv"), msg = Hex(test.test, "msg"),
              ct = Hex(test.test, "ct");
  CipherInput cipher{.algorithm = "", .key = key, .iv = iv};
  if (algorithm == "AES-CBC-PKCS5" || algorithm == "ARIA-CBC-PKCS5" || algorithm == "CAMELLIA-CBC-PKCS5") {
    if (!IsKeySize(key.size())) return Answer::kRefused;
    cipher.algorithm = WithKeySize(algorithm.substr(0, algorithm.size() - 6), key.size());
  } else if (algorithm == "AES-XTS") {
    if (key.size() != 32 && key.size() != 64) return Answer::kRefused;
    cipher.algorithm = key.size() == 32 ? "AES-128-XTS" : "AES-256-XTS";
    cipher.padded = false;
  } else {
    throw VectorError("no rule for the cipher " + algorithm);
  }
  const MaybeBytes opened = LibraryDecrypt(cipher, ct);
  if (!opened) return Answer::kRefused;
  return *opened == msg && LibraryEncrypt(cipher, msg) == ct ? Answer::kAccepted : Answer::kWrong;
}

Answer CheckKeyWrap(const WycheproofTest& test) {
  const char* suffix = test.algorithm == "AES-WRAP" || test.algorithm == "KW"  ? "-WRAP"
                       : test.algorithm == "AES-KWP" || test.algorithm == "KWP" ? "-WRAP-PAD"
                                                                                : nullptr;
  if (suffix == nullptr) throw VectorError("no rule for key wrapping with " + test.algorithm);
  const Bytes key = Hex(test.test, "key"), msg = Hex(test.test, "msg"), ct = Hex(test.test, "ct");
  if (!IsKeySize(key.size())) return Answer::kRefused;
  const MaybeBytes opened = LibraryUnwrap(suffix, key, ct);
  if (!opened) return Answer::kRefused;
  return *opened == msg && LibraryWrap(suffix, key, msg) == ct ? Answer::kAccepted : Answer::kWrong;
}

}  // namespace

bool KnowsCipherType(std::string_view type) {
  return type == "AeadTest" || type == "DaeadTest" || type == "IndCpaTest" || type == "KeywrapTest";
}

Answer CheckCipher(const WycheproofTest& test) {
  if (test.type == "AeadTest") return CheckAead(test);
  if (test.type == "DaeadTest") return CheckDeterministic(test);
  return test.type == "KeywrapTest" ? CheckKeyWrap(test) : CheckUnauthenticated(test);
}

}  // namespace cloister::vectors
