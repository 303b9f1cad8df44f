// AEADs that OpenSSL has, but not behind its one AEAD interface.
#include <openssl/modes.h>

#include "crypto/digest.h"
#include "vectors/library_crypto.h"

namespace cloister::vectors {
namespace {

using crypto::openssl::CipherContext;
using crypto::openssl::Freeing;
using Gcm = std::unique_ptr<GCM128_CONTEXT, Freeing<CRYPTO_gcm128_release>>;

const std::uint8_t* Data(ByteView bytes) {
  static constexpr std::uint8_t kNothing = 0;
  return bytes.empty() ? &kNothing : bytes.data();
}

// `algorithm` with its key, without a nonce; null for a key of another size.
CipherContext Start(const std::string& algorithm, ByteView key, bool encrypt) {
  const std::unique_ptr<EVP_CIPHER, Freeing<EVP_CIPHER_free>> cipher(
      EVP_CIPHER_fetch(nullptr, algorithm.c_str(), nullptr));
  CipherContext context(EVP_CIPHER_CTX_new());
  if (cipher == nullptr || key.size() != static_cast<std::size_t>(EVP_CIPHER_get_key_length(cipher.get())) ||
      EVP_CipherInit_ex2(context.get(), cipher.get(), key.data(), nullptr, encrypt ? 1 : 0, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1) {
    return nullptr;
  }
  return context;
}

bool Feed(EVP_CIPHER_CTX* context, ByteView piece, std::uint8_t* out) {
  int written = 0;
  return EVP_CipherUpdate(context, out, &written, Data(piece), static_cast<int>(piece.size())) == 1;
}

// "AES-128-SIV" has two keys of 128 bits.
std::string SivName(ByteView key) { return "AES-" + std::to_string(key.size() * 4) + "-SIV"; }

void EncryptBlock(const unsigned char in[16], unsigned char out[16], const void* key) {
  int written = 0;
  auto* context = static_cast<EVP_CIPHER_CTX*>(const_cast<void*>(key));
  CLOISTER_CHECK(EVP_CipherUpdate(context, out, &written, in, 16) == 1 && written == 16);
}

// Runs one direction; the tag is that of what was processed.
std::optional<Sealed> RunGcm(const AeadInput& input, ByteView text, bool encrypt) {
  const CipherContext block = Start("AES-" + std::to_string(input.key.size() * 8) + "-ECB", input.key, true);
  if (block == nullptr) return std::nullopt;
  const Gcm gcm(CRYPTO_gcm128_new(block.get(), EncryptBlock));
  CRYPTO_gcm128_setiv(gcm.get(), input.nonce.data(), input.nonce.size());
  Sealed out{Bytes(text.size()), Bytes(input.tag_bytes)};
  const auto run = encrypt ? CRYPTO_gcm128_encrypt : CRYPTO_gcm128_decrypt;
  if (CRYPTO_gcm128_aad(gcm.get(), Data(input.associated_data), input.associated_data.size()) != 0 ||
      run(gcm.get(), Data(text), out.ciphertext.data(), text.size()) != 0) {
    return std::nullopt;
  }
  CRYPTO_gcm128_tag(gcm.get(), out.tag.data(), out.tag.size());
  return out;
}

}  // namespace

std::optional<Sealed> LibrarySivSeal(ByteView key, const std::vector<Bytes>& parts, ByteView plaintext) {
  const CipherContext context = Start(SivName(key), key, true);
  if (context == nullptr) return std::nullopt;
  for (const Bytes& part : parts) {
    if (!Feed(context.get(), part, nullptr)) return std::nullopt;
  }
  Sealed sealed{Bytes(plaintext.size() + 1), Bytes(16)};  // one more, so that an empty text has an address
  if (!Feed(context.get(), plaintext, sealed.ciphertext.data()) ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, 16, sealed.tag.data()) != 1) {
    return std::nullopt;
  }
  sealed.ciphertext.resize(plaintext.size());
  return sealed;
}

MaybeBytes LibrarySivOpen(ByteView key, const std::vector<Bytes>& parts, const Sealed& sealed) {
  if (sealed.tag.size() != 16) return std::nullopt;
  const CipherContext context = Start(SivName(key), key, false);
  Bytes tag = sealed.tag, plaintext(sealed.ciphertext.size() + 1);
  if (context == nullptr || EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, 16, tag.data()) != 1) {
    return std::nullopt;
  }
  for (const Bytes& part : parts) {
    if (!Feed(context.get(), part, nullptr)) return std::nullopt;
  }
  int none = 0;
  std::uint8_t scratch[16];
  if (!Feed(context.get(), sealed.ciphertext, plaintext.data()) ||
      EVP_CipherFinal_ex(context.get(), scratch, &none) != 1) {
    return std::nullopt;
  }
  plaintext.resize(sealed.ciphertext.size());
  return plaintext;
}

std::optional<Sealed> LibraryLongNonceGcmSeal(const AeadInput& input, ByteView plaintext) {
  return RunGcm(input, plaintext, true);
}

MaybeBytes LibraryLongNonceGcmOpen(const AeadInput& input, const Sealed& sealed) {
  const auto opened = RunGcm(input, sealed.ciphertext, false);
  if (!opened || !crypto::EqualInConstantTime(opened->tag, sealed.tag)) return std::nullopt;
  return opened->ciphertext;
}

}  // namespace cloister::vectors
