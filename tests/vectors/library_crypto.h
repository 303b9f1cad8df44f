#pragma once

// OpenSSL asked directly, by algorithm name: for what the product does not implement but the vectors may ask.
// Functions answer "absent" for input that the algorithm refuses, and throw VectorError for an algorithm that
// OpenSSL lacks.

#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/openssl.h"
#include "vectors/vector_json.h"

namespace cloister::vectors {

using MaybeBytes = std::optional<Bytes>;

// "SHA-256", "SHA3-384", "SHA-512/256", "SHAKE128" and so on, as the vectors write them, to OpenSSL's names.
std::string DigestName(std::string_view name);
std::size_t DigestBytes(std::string_view openssl_name);

// `algorithm` is OpenSSL's name of an AEAD, such as "AES-256-GCM".
struct AeadInput {
  std::string algorithm;
  ByteView key, nonce, associated_data;
  std::size_t tag_bytes = 16;
};
struct Sealed {
  Bytes ciphertext, tag;
};
std::optional<Sealed> LibrarySeal(const AeadInput& input, ByteView plaintext);
MaybeBytes LibraryOpen(const AeadInput& input, const Sealed& sealed);

// AES-SIV (RFC 5297) with the parts that its S2V takes before the plaintext. The key's size chooses; the tag
// stands apart.
std::optional<Sealed> LibrarySivSeal(ByteView key, const std::vector<Bytes>& parts, ByteView plaintext);
MaybeBytes LibrarySivOpen(ByteView key, const std::vector<Bytes>& parts, const Sealed& sealed);
// AES-GCM with nonces longer than OpenSSL's EVP interface takes (128 bytes).
std::optional<Sealed> LibraryLongNonceGcmSeal(const AeadInput& input, ByteView plaintext);
MaybeBytes LibraryLongNonceGcmOpen(const AeadInput& input, const Sealed& sealed);

// A cipher without authentication, with its own padding if `padded`; an empty `iv` where the algorithm has
// none.
struct CipherInput {
  std::string algorithm;
  ByteView key, iv;
  bool padded = true;
};
MaybeBytes LibraryEncrypt(const CipherInput& input, ByteView plaintext);
MaybeBytes LibraryDecrypt(const CipherInput& input, ByteView ciphertext);

// RFC 3394 ("AES-128-WRAP") and RFC 5649 ("AES-128-WRAP-PAD"); the key's size chooses.
MaybeBytes LibraryWrap(std::string_view suffix, ByteView key, ByteView plaintext);
MaybeBytes LibraryUnwrap(std::string_view suffix, ByteView key, ByteView wrapped);

// HMAC with OpenSSL's digest name.
Bytes LibraryHmac(const std::string& digest, ByteView key, ByteView message);
struct Pbkdf2Input {
  std::string digest;
  ByteView password, salt;
  std::uint64_t iterations = 0;
  std::size_t size = 0;
};
Bytes LibraryPbkdf2(const Pbkdf2Input& input);

// r and s side by side, each of `number_bytes`, as the SEQUENCE that ECDSA and DSA verification take. Absent
// for another size.
MaybeBytes EcdsaDer(ByteView side_by_side, std::size_t number_bytes);
struct SignatureCheck {
  EVP_PKEY* key = nullptr;
  std::string digest;  // OpenSSL's name; empty where the algorithm hashes by itself
  // RSASSA-PSS, if mask_digest is not empty.
  std::string mask_digest = {};
  int salt_bytes = 0;
};
// Throws for a combination that OpenSSL does not verify.
bool LibraryVerify(const SignatureCheck& check, ByteView message, ByteView signature);

// Null if the bytes are not that.
crypto::openssl::Key PublicKeyFromDer(ByteView der);
crypto::openssl::Key PrivateKeyFromDer(ByteView der);  // PKCS #8
crypto::openssl::Key PublicKeyFromPem(std::string_view pem);
crypto::openssl::Key PrivateKeyFromPem(std::string_view pem);

// Numbers of one EC key: an encoded point, or a scalar, or both. `curve` as the vectors name it ("secp256r1",
// "P-256").
struct EcNumbers {
  std::string curve;
  ByteView point, scalar;
};
crypto::openssl::Key EcKey(const EcNumbers& numbers);
// X25519, X448, ED25519, ED448.
crypto::openssl::Key RawPublicKey(const char* type, ByteView raw);
crypto::openssl::Key RawPrivateKey(const char* type, ByteView raw);
// Big-endian numbers; without `d` a public key.
struct RsaKeyNumbers {
  ByteView n, e, d, p, q, dp, dq, qi;
};
crypto::openssl::Key RsaKey(const RsaKeyNumbers& numbers);
// EC, OKP and RSA keys out of a JWK (RFC 7518 section 6) that may be private. Null if its members do not make
// a key.
crypto::openssl::Key KeyFromJwk(const JsonObject& jwk);

struct RsaDecryption {
  EVP_PKEY* key = nullptr;
  std::string digest;       // OAEP; empty means PKCS #1 v1.5
  std::string mask_digest;  // MGF1 of OAEP
  ByteView label;
};
MaybeBytes LibraryRsaDecrypt(const RsaDecryption& how, ByteView ciphertext);

// The shared value of two keys of one kind; absent if they do not agree.
MaybeBytes LibraryAgree(EVP_PKEY* own, EVP_PKEY* peer);

}  // namespace cloister::vectors
