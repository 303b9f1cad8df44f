#include "vectors/library_crypto.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace cloister::vectors {
namespace {

using crypto::openssl::Freeing;
using Cipher = std::unique_ptr<EVP_CIPHER, Freeing<EVP_CIPHER_free>>;
using Digest = std::unique_ptr<EVP_MD, Freeing<EVP_MD_free>>;
using Memory = std::unique_ptr<BIO, Freeing<BIO_free>>;

Cipher FetchCipher(const std::string& name) {
  Cipher cipher(EVP_CIPHER_fetch(nullptr, name.c_str(), nullptr));
  if (cipher == nullptr) throw VectorError("no cipher " + name);
  return cipher;
}

// A null pointer means something else to OpenSSL than an empty input.
const std::uint8_t* Data(ByteView bytes) {
  static constexpr std::uint8_t kNothing = 0;
  return bytes.empty() ? &kNothing : bytes.data();
}

std::size_t Length(ByteView bytes) { return bytes.size(); }
int IntLength(ByteView bytes) { return static_cast<int>(bytes.size()); }

struct AeadContext {
  crypto::openssl::CipherContext context;
  bool ccm = false;
};

// Sets sizes, key and nonce; a null context for sizes that the algorithm refuses.
AeadContext StartAead(const AeadInput& input, bool encrypt, ByteView tag, std::size_t text_bytes) {
  const Cipher cipher = FetchCipher(input.algorithm);
  AeadContext out{crypto::openssl::CipherContext(EVP_CIPHER_CTX_new()),
                  EVP_CIPHER_get_mode(cipher.get()) == EVP_CIPH_CCM_MODE};
  EVP_CIPHER_CTX* context = out.context.get();
  const auto tag_bytes = static_cast<int>(input.tag_bytes);
  int none = 0;
  bool fine =
      input.key.size() == static_cast<std::size_t>(EVP_CIPHER_get_key_length(cipher.get())) &&
      !input.nonce.empty() &&
      EVP_CipherInit_ex2(context, cipher.get(), nullptr, nullptr, encrypt ? 1 : 0, nullptr) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, IntLength(input.nonce), nullptr) == 1;
  if (fine && !tag.empty()) {
    fine = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, IntLength(tag),
                               const_cast<std::uint8_t*>(tag.data())) == 1;
  } else if (fine && out.ccm) {
    fine = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_bytes, nullptr) == 1;
  }
  fine = fine && EVP_CipherInit_ex2(context, nullptr, input.key.data(), input.nonce.data(),
                                    encrypt ? 1 : 0, nullptr) == 1;
  if (fine && out.ccm) {
    fine = EVP_CipherUpdate(context, nullptr, &none, nullptr, static_cast<int>(text_bytes)) == 1;
  }
  if (fine && !input.associated_data.empty()) {
    fine = EVP_CipherUpdate(context, nullptr, &none, Data(input.associated_data),
                            IntLength(input.associated_data)) == 1;
  }
  if (!fine) out.context.reset();
  return out;
}

MaybeBytes Run(const CipherInput& input, ByteView text, bool encrypt) {
  const Cipher cipher = FetchCipher(input.algorithm);
  const crypto::openssl::CipherContext context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  if (input.key.size() != static_cast<std::size_t>(EVP_CIPHER_get_key_length(cipher.get())) ||
      (!input.iv.empty() &&
       input.iv.size() != static_cast<std::size_t>(EVP_CIPHER_get_iv_length(cipher.get()))) ||
      EVP_CipherInit_ex2(context.get(), cipher.get(), input.key.data(),
                         input.iv.empty() ? nullptr : input.iv.data(), encrypt ? 1 : 0, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), input.padded ? 1 : 0) != 1) {
    return std::nullopt;
  }
  Bytes out(text.size() + 64);
  int written = 0, last = 0;
  if (EVP_CipherUpdate(context.get(), out.data(), &written, Data(text), IntLength(text)) != 1 ||
      written < 0 || EVP_CipherFinal_ex(context.get(), out.data() + written, &last) != 1) {
    return std::nullopt;
  }
  out.resize(static_cast<std::size_t>(written + last));
  return out;
}

template <typename Read>
crypto::openssl::Key FromPem(std::string_view pem, Read read) {
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return crypto::openssl::Key(read(memory.get()));
}

}  // namespace

std::string DigestName(std::string_view name) {
  std::string text(name);
  if (text.starts_with("SHA-")) {
    return "SHA2-" + text.substr(4) == "SHA2-1" ? "SHA1" : "SHA2-" + text.substr(4);
  }
  return text;  // SHA1, SHA3-256, SHAKE128, SM3
}

std::size_t DigestBytes(std::string_view openssl_name) {
  const Digest digest(EVP_MD_fetch(nullptr, std::string(openssl_name).c_str(), nullptr));
  if (digest == nullptr) throw VectorError("no digest " + std::string(openssl_name));
  return static_cast<std::size_t>(EVP_MD_get_size(digest.get()));
}

std::optional<Sealed> LibrarySeal(const AeadInput& input, ByteView plaintext) {
  const AeadContext aead = StartAead(input, true, {}, plaintext.size());
  if (aead.context == nullptr) return std::nullopt;
  EVP_CIPHER_CTX* context = aead.context.get();
  Sealed sealed{Bytes(plaintext.size()), Bytes(input.tag_bytes)};
  std::uint8_t scratch[32];
  std::uint8_t* out = plaintext.empty() ? scratch : sealed.ciphertext.data();
  int written = 0;
  if (EVP_CipherUpdate(context, out, &written, Data(plaintext), IntLength(plaintext)) != 1 ||
      EVP_CipherFinal_ex(context, scratch, &written) != 1 ||
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, IntLength(sealed.tag), sealed.tag.data()) != 1) {
    return std::nullopt;
  }
  return sealed;
}

MaybeBytes LibraryOpen(const AeadInput& input, const Sealed& sealed) {
  if (sealed.tag.size() != input.tag_bytes || sealed.tag.empty()) return std::nullopt;
  const AeadContext aead = StartAead(input, false, sealed.tag, sealed.ciphertext.size());
  if (aead.context == nullptr) return std::nullopt;
  EVP_CIPHER_CTX* context = aead.context.get();
  Bytes plaintext(sealed.ciphertext.size());
  std::uint8_t scratch[32];
  std::uint8_t* out = plaintext.empty() ? scratch : plaintext.data();
  int written = 0;
  if (EVP_CipherUpdate(context, out, &written, Data(sealed.ciphertext), IntLength(sealed.ciphertext)) != 1) {
    return std::nullopt;
  }
  // CCM has checked the tag by now and has no final step.
  if (!aead.ccm && EVP_CipherFinal_ex(context, scratch, &written) != 1) return std::nullopt;
  return plaintext;
}

MaybeBytes LibraryEncrypt(const CipherInput& input, ByteView plaintext) {
  return Run(input, plaintext, true);
}
MaybeBytes LibraryDecrypt(const CipherInput& input, ByteView ciphertext) {
  return Run(input, ciphertext, false);
}

MaybeBytes LibraryWrap(std::string_view suffix, ByteView key, ByteView plaintext) {
  return Run(
      {.algorithm = "AES-" + std::to_string(key.size() * 8) + std::string(suffix), .key = key, .iv = {}},
      plaintext, true);
}
MaybeBytes LibraryUnwrap(std::string_view suffix, ByteView key, ByteView wrapped) {
  return Run(
      {.algorithm = "AES-" + std::to_string(key.size() * 8) + std::string(suffix), .key = key, .iv = {}},
      wrapped, false);
}

Bytes LibraryHmac(const std::string& digest, ByteView key, ByteView message) {
  Bytes mac(DigestBytes(digest));
  std::size_t size = 0;
  if (EVP_Q_mac(nullptr, "HMAC", nullptr, digest.c_str(), nullptr, Data(key), Length(key), Data(message),
                Length(message), mac.data(), mac.size(), &size) == nullptr ||
      size != mac.size()) {
    throw VectorError("no HMAC with " + digest);
  }
  return mac;
}

Bytes LibraryPbkdf2(const Pbkdf2Input& input) {
  const Digest digest(EVP_MD_fetch(nullptr, input.digest.c_str(), nullptr));
  Bytes key(input.size);
  if (digest == nullptr ||
      PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(Data(input.password)), IntLength(input.password),
                        Data(input.salt), IntLength(input.salt), static_cast<int>(input.iterations),
                        digest.get(), static_cast<int>(key.size()), key.data()) != 1) {
    throw VectorError("no PBKDF2 with " + input.digest);
  }
  return key;
}

crypto::openssl::Key PublicKeyFromDer(ByteView der) {
  const std::uint8_t* next = der.data();
  crypto::openssl::Key key(d2i_PUBKEY(nullptr, &next, static_cast<long>(der.size())));
  if (key == nullptr || next != der.data() + der.size()) return nullptr;
  return key;
}

crypto::openssl::Key PrivateKeyFromDer(ByteView der) {
  const std::uint8_t* next = der.data();
  return crypto::openssl::Key(d2i_AutoPrivateKey(nullptr, &next, static_cast<long>(der.size())));
}

crypto::openssl::Key PublicKeyFromPem(std::string_view pem) {
  return FromPem(pem, [](BIO* memory) { return PEM_read_bio_PUBKEY(memory, nullptr, nullptr, nullptr); });
}

crypto::openssl::Key PrivateKeyFromPem(std::string_view pem) {
  return FromPem(pem, [](BIO* memory) { return PEM_read_bio_PrivateKey(memory, nullptr, nullptr, nullptr); });
}

MaybeBytes LibraryAgree(EVP_PKEY* own, EVP_PKEY* peer) {
  const crypto::openssl::KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, own, nullptr));
  std::size_t size = 0;
  if (context == nullptr || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer_ex(context.get(), peer, 1) != 1 ||
      EVP_PKEY_derive(context.get(), nullptr, &size) != 1) {
    return std::nullopt;
  }
  Bytes shared(size);
  if (EVP_PKEY_derive(context.get(), shared.data(), &size) != 1) return std::nullopt;
  shared.resize(size);
  return shared;
}

}  // namespace cloister::vectors
