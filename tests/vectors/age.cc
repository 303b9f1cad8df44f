// One file of the age test kit (C2SP/CCTV, folder age): text lines "name: value", an empty line, the age
// file.
#include "sealing/age.h"

#include "codec/text.h"
#include "crypto/digest.h"
#include "vectors/inflate.h"
#include "vectors/vector_case.h"

namespace cloister::vectors {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{1} << 30;

struct AgeVector {
  std::string expect;
  std::optional<std::string> payload;  // SHA-256 of what comes out, also before a failure
  std::vector<sealing::AgeIdentity> identities;
  std::vector<std::string> passphrases;
  bool armored = false;
  bool compressed = false;
  ByteView body;
};

bool IsYes(const std::string& name, const std::string& value) {
  if (value != "yes") throw VectorError("no rule for " + name + ": " + value);
  return true;
}

void ReadLine(const std::string& name, const std::string& value, AgeVector& vector) {
  if (name == "expect") {
    vector.expect = value;
  } else if (name == "payload") {
    vector.payload = value;
  } else if (name == "identity") {
    auto identity = sealing::AgeIdentity::Parse(value);
    if (!identity) throw VectorError("an identity of a type that we do not implement, or a malformed one");
    vector.identities.push_back(std::move(identity).value());
  } else if (name == "passphrase") {
    vector.passphrases.push_back(value);
  } else if (name == "armored") {
    vector.armored = IsYes(name, value);
  } else if (name == "compressed") {
    if (value != "zlib") throw VectorError("no rule for compression " + value);
    vector.compressed = true;
  } else if (name != "file key" && name != "comment") {  // for people
    throw VectorError("no rule for the line " + name);
  }
}

AgeVector ReadVector(ByteView bytes) {
  AgeVector vector;
  std::string_view rest = AsText(bytes);
  while (true) {
    const std::size_t end = rest.find('\n');
    if (end == rest.npos) throw VectorError("no empty line before the age file");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    if (colon == line.npos) throw VectorError("a line without a name");
    ReadLine(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)), vector);
  }
  vector.body = AsBytes(rest);
  return vector;
}

bool IsVerdict(std::string_view expect) {
  using enum sealing::AgeVerdict;
  for (const auto verdict : {kArmorFailure, kHeaderFailure, kNoMatch, kHmacFailure, kPayloadFailure, kSuccess}) {
    if (sealing::AgeVerdictName(verdict) == expect) return true;
  }
  return false;
}

}  // namespace

Failure RunAgeCase(const VectorCase& vector_case) {
  vector_case.AllowMembers({});
  vector_case.AllowInputs({"vector"});
  const Bytes bytes = vector_case.Input("vector");
  const AgeVector vector = ReadVector(bytes);
  const std::string expect = vector_case.Expect();
  if (!IsVerdict(expect)) throw VectorError("no rule for expect " + expect);
  if (expect != vector.expect && !vector_case.IsMutated()) return "the file itself expects " + vector.expect;
  const std::optional<Bytes> inflated =
      vector.compressed ? Inflate(vector.body, {.bytes_max = kFileBytesMax}) : std::nullopt;
  if (vector.compressed && !inflated) throw VectorError("the age file is not zlib data, or too large");
  const ByteView file = inflated ? ByteView(*inflated) : vector.body;
  MemorySink plaintext(kFileBytesMax);
  const auto outcome = sealing::TryOpenAge(
      file, {.identities = vector.identities, .passphrases = vector.passphrases, .armored = vector.armored}, plaintext);
  const std::string verdict(sealing::AgeVerdictName(outcome.verdict));
  if (verdict != expect) {
    return "is " + verdict + ", not " + expect + (outcome.why.empty() ? "" : " (" + outcome.why + ")");
  }
  const bool payload_counts = vector.payload && expect == vector.expect;
  if (payload_counts && codec::HexEncode(crypto::Sha256(ByteView(plaintext.bytes()))) != *vector.payload) {
    return "opens to another payload";
  }
  return std::nullopt;
}

}  // namespace cloister::vectors
