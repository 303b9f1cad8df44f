#include "vectors/jwe.h"

#include <algorithm>

#include "codec/json.h"
#include "codec/text.h"
#include "crypto/digest.h"
#include "vectors/inflate.h"

namespace cloister::vectors {
namespace {

struct Jwe {
  std::string encoded_header;
  JsonObject header;
  Bytes encrypted_key, iv, ciphertext, tag;
};

std::string HeaderText(const JsonObject& header, std::string_view name) {
  const Json* member = header.if_contains(name);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

MaybeBytes HeaderBytes(const JsonObject& header, std::string_view name) {
  Result<Bytes> bytes = codec::Base64UrlDecode(HeaderText(header, name));
  if (!bytes) return std::nullopt;
  return std::move(bytes).value();
}

std::optional<Jwe> ReadJwe(const Json& value) {
  if (!value.is_string()) return std::nullopt;  // JSON serialization is not for us
  std::string text(value.get_string());
  if (std::count(text.begin(), text.end(), '.') != 4) return std::nullopt;
  std::vector<Bytes> parts;
  Jwe jwe;
  for (std::size_t at = 0, i = 0; i < 5; ++i) {
    const std::size_t end = std::min(text.find('.', at), text.size());
    if (i == 0) jwe.encoded_header = text.substr(0, end);
    Result<Bytes> part = codec::Base64UrlDecode(text.substr(at, end - at));
    if (!part) return std::nullopt;
    parts.push_back(std::move(part).value());
    at = end + 1;
  }
  const auto header = codec::ParseJson(AsText(parts[0]));
  if (!header || !header->is_object() || header->get_object().contains("crit")) return std::nullopt;
  jwe.header = header->get_object();
  jwe.encrypted_key = parts[1];
  jwe.iv = parts[2];
  jwe.ciphertext = parts[3];
  jwe.tag = parts[4];
  return jwe;
}

// "A128KW" and the like: 128.
std::size_t KeyBits(std::string_view name) {
  return static_cast<std::size_t>(std::stoi(std::string(name.substr(1, 3))));
}

// RFC 7518 section 5.1, in bytes of content key; 0 for a name that is no content encryption.
std::size_t ContentKeyBytes(std::string_view enc) {
  if (enc == "A128CBC-HS256") return 32;
  if (enc == "A192CBC-HS384") return 48;
  if (enc == "A256CBC-HS512") return 64;
  if (enc == "A128GCM" || enc == "A192GCM" || enc == "A256GCM") return KeyBits(enc) / 8;
  return 0;
}

MaybeBytes OpenContent(const Jwe& jwe, ByteView key) {
  const std::string enc = HeaderText(jwe.header, "enc");
  if (key.size() != ContentKeyBytes(enc) || key.empty()) return std::nullopt;
  if (enc.ends_with("GCM")) {
    if (jwe.iv.size() != 12 || jwe.tag.size() != 16) return std::nullopt;
    return LibraryOpen({.algorithm = "AES-" + std::to_string(KeyBits(enc)) + "-GCM",
                        .key = key,
                        .nonce = jwe.iv,
                        .associated_data = AsBytes(jwe.encoded_header)},
                       {jwe.ciphertext, jwe.tag});
  }
  const std::size_t half = key.size() / 2;
  Bytes input = ToBytes(jwe.encoded_header);
  Append(input, jwe.iv);
  Append(input, jwe.ciphertext);
  AppendBigEndian64(input, jwe.encoded_header.size() * 8);
  Bytes tag = LibraryHmac("SHA2-" + enc.substr(enc.size() - 3), key.first(half), input);
  tag.resize(half);
  if (jwe.iv.size() != 16 || !crypto::EqualInConstantTime(tag, jwe.tag)) return std::nullopt;
  return LibraryDecrypt(
      {.algorithm = "AES-" + std::to_string(KeyBits(enc)) + "-CBC", .key = key.last(half), .iv = jwe.iv},
      jwe.ciphertext);
}

void AppendSized(Bytes& to, ByteView bytes) {
  AppendBigEndian32(to, static_cast<std::uint32_t>(bytes.size()));
  Append(to, bytes);
}

// RFC 7518 section 4.6.2: Concat KDF with SHA-256.
MaybeBytes DeriveKey(const Jwe& jwe, ByteView shared, std::string_view algorithm, std::size_t key_bytes) {
  const MaybeBytes apu = HeaderBytes(jwe.header, "apu"), apv = HeaderBytes(jwe.header, "apv");
  if (!apu || !apv) return std::nullopt;
  Bytes key;
  for (std::uint32_t round = 1; key.size() < key_bytes; ++round) {
    Bytes input;
    AppendBigEndian32(input, round);
    Append(input, shared);
    AppendSized(input, AsBytes(algorithm));
    AppendSized(input, *apu);
    AppendSized(input, *apv);
    AppendBigEndian32(input, static_cast<std::uint32_t>(key_bytes * 8));
    Append(key, crypto::Sha256(ByteView(input)));
  }
  key.resize(key_bytes);
  return key;
}

MaybeBytes AgreeOnKey(const JsonObject& jwk, const Jwe& jwe, const std::string& alg) {
  const Json* epk = jwe.header.if_contains("epk");
  if (epk == nullptr || !epk->is_object() || epk->get_object().contains("d")) return std::nullopt;
  if (HeaderText(epk->get_object(), "crv") != HeaderText(jwk, "crv")) return std::nullopt;
  const auto own = KeyFromJwk(jwk), peer = KeyFromJwk(epk->get_object());
  if (own == nullptr || peer == nullptr) return std::nullopt;
  const MaybeBytes shared = LibraryAgree(own.get(), peer.get());
  if (!shared) return std::nullopt;
  const std::string enc = HeaderText(jwe.header, "enc");
  if (alg == "ECDH-ES") {
    if (!jwe.encrypted_key.empty()) return std::nullopt;
    return DeriveKey(jwe, *shared, enc, ContentKeyBytes(enc));
  }
  const MaybeBytes wrapping = DeriveKey(jwe, *shared, alg, KeyBits(std::string_view(alg).substr(8)) / 8);
  return wrapping ? LibraryUnwrap("-WRAP", *wrapping, jwe.encrypted_key) : std::nullopt;
}

MaybeBytes UnwrapWithSecret(const Jwe& jwe, const std::string& alg, ByteView secret) {
  if (alg == "dir") return jwe.encrypted_key.empty() ? MaybeBytes(ToBytes(secret)) : std::nullopt;
  if (alg.starts_with("PBES2-")) {  // PBES2-HS256+A128KW
    const MaybeBytes salt_input = HeaderBytes(jwe.header, "p2s");
    const Json* count = jwe.header.if_contains("p2c");
    if (!salt_input || count == nullptr || !count->is_int64() || count->get_int64() < 1 ||
        count->get_int64() > 10'000'000) {
      return std::nullopt;
    }
    Bytes salt = ToBytes(alg);
    salt.push_back(0);
    Append(salt, *salt_input);
    const std::size_t plus = alg.find('+');
    const Bytes wrapping = LibraryPbkdf2({.digest = "SHA2-" + alg.substr(8, 3),
                                          .password = secret,
                                          .salt = salt,
                                          .iterations = static_cast<std::uint64_t>(count->get_int64()),
                                          .size = KeyBits(std::string_view(alg).substr(plus + 1)) / 8});
    return LibraryUnwrap("-WRAP", wrapping, jwe.encrypted_key);
  }
  if (secret.size() != KeyBits(alg) / 8) return std::nullopt;
  if (alg.ends_with("GCMKW")) {
    const MaybeBytes iv = HeaderBytes(jwe.header, "iv"), tag = HeaderBytes(jwe.header, "tag");
    if (!iv || !tag || iv->size() != 12 || tag->size() != 16) return std::nullopt;
    return LibraryOpen({.algorithm = "AES-" + std::to_string(KeyBits(alg)) + "-GCM",
                        .key = secret,
                        .nonce = *iv,
                        .associated_data = {}},
                       {jwe.encrypted_key, *tag});
  }
  return LibraryUnwrap("-WRAP", secret, jwe.encrypted_key);
}

MaybeBytes DecryptKey(const JsonObject& jwk, const Jwe& jwe, const std::string& alg) {
  const auto key = KeyFromJwk(jwk);
  if (key == nullptr) return std::nullopt;
  const std::string digest = alg == "RSA1_5" ? "" : alg == "RSA-OAEP" ? "SHA1" : "SHA2-" + alg.substr(9);
  return LibraryRsaDecrypt({.key = key.get(), .digest = digest, .mask_digest = digest, .label = {}},
                           jwe.encrypted_key);
}

enum class Family { kAgreement, kRsa, kSymmetric };

Family FamilyOf(const std::string& alg) {
  for (const char* name : {"ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"}) {
    if (alg == name) return Family::kAgreement;
  }
  for (const char* name : {"RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"}) {
    if (alg == name) return Family::kRsa;
  }
  for (const char* name : {"dir", "A128KW", "A192KW", "A256KW", "A128GCMKW", "A192GCMKW", "A256GCMKW",
                           "PBES2-HS256+A128KW", "PBES2-HS384+A192KW", "PBES2-HS512+A256KW"}) {
    if (alg == name) return Family::kSymmetric;
  }
  throw VectorError("no rule for JWE alg " + alg);
}

}  // namespace

MaybeBytes OpenJwe(const JsonObject& jwk, const Json& value) {
  const std::optional<Jwe> jwe = ReadJwe(value);
  if (!jwe) return std::nullopt;
  const std::string alg = HeaderText(jwe->header, "alg"), kty = HeaderText(jwk, "kty");
  // The key decides: a header that asks for another algorithm would choose the attack.
  if (jwk.contains("alg") && Text(jwk, "alg") != alg) return std::nullopt;
  if (jwk.contains("use") && Text(jwk, "use") != "enc") return std::nullopt;
  const std::string kid = HeaderText(jwe->header, "kid");
  if (!kid.empty() && jwk.contains("kid") && Text(jwk, "kid") != kid) return std::nullopt;
  MaybeBytes key;
  switch (FamilyOf(alg)) {
    case Family::kAgreement:
      if (kty == "EC" || kty == "OKP") key = AgreeOnKey(jwk, *jwe, alg);
      break;
    case Family::kRsa:
      if (kty == "RSA") key = DecryptKey(jwk, *jwe, alg);
      break;
    case Family::kSymmetric: {
      const Result<Bytes> secret = codec::Base64UrlDecode(HeaderText(jwk, "k"));
      if (kty == "oct" && secret) key = UnwrapWithSecret(*jwe, alg, *secret);
      break;
    }
  }
  const MaybeBytes content = key ? OpenContent(*jwe, *key) : std::nullopt;
  if (!content || !jwe->header.contains("zip")) return content;
  if (HeaderText(jwe->header, "zip") != "DEF") return std::nullopt;
  return Inflate(*content, {.raw = true, .bytes_max = 1 << 20});  // RFC 7516 section 4.1.3
}

}  // namespace cloister::vectors
