#include "ledger/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "agreement/fields.h"
#include "codec/text.h"
#include "crypto/digest.h"

namespace cloister::ledger {
namespace {

constexpr std::string_view kSignaturePrefix = "\xE2\x80\x94 ";  // an em dash and a space
constexpr std::size_t kKeyHashBytes = 4;
constexpr std::uint8_t kEd25519Algorithm = 0x01;

std::string Origin(const EnvironmentId& environment) { return "cloister/" + environment.str(); }

ByteArray<kKeyHashBytes> KeyHash(const std::string& name, const crypto::Ed25519PublicKey& key) {
  constexpr std::uint8_t kSeparator[] = {'\n', kEd25519Algorithm};
  return ToArray<kKeyHashBytes>(crypto::Sha256({AsBytes(name), ByteView(kSeparator), key.raw()}));
}

std::string Body(const EnvironmentId& environment, const LedgerPoint& point) {
  return Origin(environment) + "\n" + std::to_string(point.size) + "\n" + codec::Base64Encode(point.root) + "\n";
}

struct SignatureLine {
  std::string_view name;
  Bytes blob;  // key hash and signature
};

struct Note {
  std::string_view body;  // with its last line end
  EnvironmentId environment;
  LedgerPoint point;
  std::vector<SignatureLine> signatures;
};

Error Malformed(const std::string& what) { return InvalidArgument("the checkpoint " + what); }

// Takes the text before the next line end, which must be there.
std::optional<std::string_view> TakeLine(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == rest.npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

Result<std::uint64_t> ParseSize(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), size);
  const bool whole = status == std::errc() && end == text.data() + text.size() && !text.starts_with('0');
  if (!whole || size > agreement::kLedgerSizeMax) return Malformed("has no tree size in its second line");
  return size;
}

Result<std::pair<EnvironmentId, LedgerPoint>> ParseBody(std::string_view body) {
  const auto origin = TakeLine(body);
  const auto size = TakeLine(body);
  const auto root = TakeLine(body);
  if (!origin || !size || !root || !body.empty()) return Malformed("must have three lines above its signatures");
  constexpr std::string_view kOriginPrefix = "cloister/";
  if (!origin->starts_with(kOriginPrefix)) return Malformed("is not of a ledger of ours");
  CLOISTER_ASSIGN(EnvironmentId environment, EnvironmentId::Parse(origin->substr(kOriginPrefix.size())));
  LedgerPoint point;
  CLOISTER_ASSIGN(point.size, ParseSize(*size));
  const Result<Bytes> hash = codec::Base64Decode(*root);
  if (!hash || hash->size() != point.root.size()) return Malformed("has no root in its third line");
  point.root = ToArray<32>(*hash);
  return std::pair{std::move(environment), point};
}

Result<SignatureLine> ParseSignature(std::string_view line) {
  const Error malformed = Malformed("has a signature line of another form");
  if (!line.starts_with(kSignaturePrefix)) return malformed;
  line.remove_prefix(kSignaturePrefix.size());
  const std::size_t space = line.find(' ');
  if (space == line.npos || space == 0) return malformed;
  SignatureLine signature{.name = line.substr(0, space), .blob = {}};
  Result<Bytes> blob = codec::Base64Decode(line.substr(space + 1));
  if (signature.name.find('+') != line.npos || !blob || blob->size() <= kKeyHashBytes) return malformed;
  signature.blob = std::move(blob).value();
  return signature;
}

Result<std::vector<SignatureLine>> ParseSignatures(std::string_view rest) {
  std::vector<SignatureLine> signatures;
  while (!rest.empty()) {
    const auto line = TakeLine(rest);
    if (!line) return Malformed("must end with a line end");
    if (signatures.size() == kCheckpointSignaturesMax) {
      return Malformed("must not have more than " + std::to_string(kCheckpointSignaturesMax) + " signatures");
    }
    CLOISTER_ASSIGN(SignatureLine signature, ParseSignature(*line));
    signatures.push_back(std::move(signature));
  }
  if (signatures.empty()) return Malformed("has no signature");
  return signatures;
}

Result<Note> ParseNote(std::string_view note) {
  if (note.size() > kCheckpointBytesMax) {
    return Malformed("must not be longer than " + std::to_string(kCheckpointBytesMax) + " bytes");
  }
  if (!agreement::IsShowable(note, agreement::TextKind::kLines)) return Malformed("must be plain UTF-8 text");
  const std::size_t gap = note.find("\n\n");
  if (gap == note.npos) return Malformed("has no empty line above its signatures");
  const std::string_view body = note.substr(0, gap + 1);
  CLOISTER_ASSIGN(auto parsed, ParseBody(body));
  CLOISTER_ASSIGN(auto signatures, ParseSignatures(note.substr(gap + 2)));
  return Note{.body = body,
              .environment = std::move(parsed.first),
              .point = parsed.second,
              .signatures = std::move(signatures)};
}

// Every line that says it is of this key must be; at least one has to.
Status CheckSignatures(const Note& note, const crypto::Ed25519PublicKey& key) {
  const std::string name = Origin(note.environment);
  const ByteArray<kKeyHashBytes> key_hash = KeyHash(name, key);
  bool found = false;
  for (const SignatureLine& line : note.signatures) {
    const ByteView blob = line.blob;
    const auto hash = blob.first(kKeyHashBytes);
    if (line.name != name || !std::equal(hash.begin(), hash.end(), key_hash.begin())) continue;
    CLOISTER_TRY(key.Verify(AsBytes(note.body), blob.subspan(kKeyHashBytes)));
    found = true;
  }
  if (!found) return VerificationFailed("the checkpoint is not signed by the enclave's checkpoint key");
  return {};
}

}  // namespace

Result<std::string> SignCheckpoint(const crypto::Signer& checkpoint_key, const EnvironmentId& environment,
                                   const LedgerPoint& point) {
  const std::string body = Body(environment, point);
  CLOISTER_ASSIGN(const crypto::Ed25519Signature signature, checkpoint_key.Sign(AsBytes(body)));
  const std::string name = Origin(environment);
  Bytes blob = ToBytes(ByteView(KeyHash(name, checkpoint_key.public_key())));
  Append(blob, signature);
  return body + "\n" + std::string(kSignaturePrefix) + name + " " + codec::Base64Encode(blob) + "\n";
}

Result<VerifiedCheckpoint> VerifyCheckpoint(std::string_view note, const EnvironmentId& environment,
                                            const crypto::Ed25519PublicKey& key) {
  CLOISTER_ASSIGN(Note parsed, ParseNote(note));
  if (parsed.environment != environment) {
    return VerificationFailed("the checkpoint is of another environment, " + parsed.environment.str());
  }
  CLOISTER_TRY(CheckSignatures(parsed, key));
  return VerifiedCheckpoint(environment, parsed.point, key, std::string(note));
}

Result<UnverifiedCheckpoint> PeekCheckpoint(std::string_view note) {
  CLOISTER_ASSIGN(Note parsed, ParseNote(note));
  return UnverifiedCheckpoint{.environment = std::move(parsed.environment), .point = parsed.point};
}

}  // namespace cloister::ledger
