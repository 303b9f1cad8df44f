// The public age test kit (C2SP/CCTV, folder age), read from where CLOISTER_VECTORS says; skipped where it is
// absent.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "codec/text.h"
#include "crypto/digest.h"
#include "sealing/age.h"

namespace cloister::sealing {
namespace {

std::filesystem::path VectorsFolder() {
  const char* named = std::getenv("CLOISTER_VECTORS");
  return std::filesystem::path(named != nullptr ? named : CLOISTER_SOURCE_DIR "/../shared/vectors") / "age";
}

struct Vector {
  std::multimap<std::string, std::string> members;  // "expect", "payload", "identity", ...
  Bytes file;
};

Bytes Inflate(ByteView compressed) {
  Bytes plain(32 << 20);
  uLongf size = plain.size();
  EXPECT_EQ(uncompress(plain.data(), &size, compressed.data(), compressed.size()), Z_OK);
  plain.resize(size);
  return plain;
}

// "name: value" lines, an empty line, the file.
Vector ReadVector(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  Vector vector;
  bool compressed = false;
  for (std::string line; std::getline(in, line) && !line.empty();) {
    const std::size_t colon = line.find(": ");
    vector.members.emplace(line.substr(0, colon), line.substr(colon + 2));
    compressed = compressed || line == "compressed: zlib";
  }
  const std::string rest((std::istreambuf_iterator<char>(in)), {});
  vector.file = compressed ? Inflate(AsBytes(rest)) : ToBytes(rest);
  return vector;
}

std::string Only(const Vector& vector, const std::string& name) {
  const auto found = vector.members.find(name);
  return found == vector.members.end() ? "" : found->second;
}

void CheckVector(const Vector& vector) {
  std::vector<AgeIdentity> identities;
  for (auto [at, end] = vector.members.equal_range("identity"); at != end; ++at) {
    auto identity = AgeIdentity::Parse(at->second);
    ASSERT_TRUE(identity);
    identities.push_back(std::move(*identity));
  }
  std::vector<std::string> passphrases;
  for (auto [at, end] = vector.members.equal_range("passphrase"); at != end; ++at) {
    passphrases.push_back(at->second);
  }
  MemorySink plaintext(32 << 20);
  const AgeAttempt attempt{.identities = identities,
                           .passphrases = passphrases,
                           .armored = Only(vector, "armored") == "yes"};
  const AgeOutcome outcome = TryOpenAge(vector.file, attempt, plaintext);
  EXPECT_EQ(AgeVerdictName(outcome.verdict), Only(vector, "expect")) << outcome.why;
  const std::string payload = Only(vector, "payload");
  if (!payload.empty()) {
    EXPECT_EQ(codec::HexEncode(crypto::Sha256(plaintext.bytes())), payload);
  }
}

TEST(AgeVectors, EveryFileOfThePublicTestKitEndsAsItSays) {
  if (!std::filesystem::is_directory(VectorsFolder())) {
    GTEST_SKIP() << "no age vectors at " << VectorsFolder() << "; set CLOISTER_VECTORS";
  }
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(VectorsFolder())) {
    if (entry.path().has_extension()) continue;  // MANIFEST.md, cases.json
    SCOPED_TRACE(entry.path().filename().string());
    CheckVector(ReadVector(entry.path()));
    ++count;
  }
  EXPECT_GE(count, 34);
}

}  // namespace
}  // namespace cloister::sealing
