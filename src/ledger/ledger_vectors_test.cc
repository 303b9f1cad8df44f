// docs/formats/vectors/ledger.json: one ledger from its first boot to a released query, with the roots,
// checkpoints, seals and proofs that follow from it, and notes that every reader refuses.
#include <gtest/gtest.h>

#include "agreement/keys.h"
#include "codec/text.h"
#include "codec/vector_file_for_test.h"
#include "ledger/audit.h"
#include "ledger/seal.h"
#include "ledger/story_for_test.h"

namespace cloister::ledger {
namespace {

namespace people = agreement::for_test;
using codec::JsonArray;
using codec::JsonObject;

std::string Hex(const Digest256& digest) { return codec::HexEncode(digest); }

JsonArray Hashes(const crypto::MerkleProof& proof) {
  JsonArray array;
  for (const Digest256& hash : proof) array.emplace_back(Hex(hash));
  return array;
}

// A query that is asked, refused an approval by one without a say, approved, run and released; then a
// restart.
struct VectorLedger {
  VectorLedger() : charter(people::CharterOf({hospital, analyst})), story(charter) {
    story.Accept(hospital);
    story.Accept(analyst);
    story.Offer(hospital, people::ManifestOf(people::Dataset('1'), "visits", story.charter()));
    story.Wait(60);
    const Digest256 query =
        story.Ask(analyst, people::RequestOf(people::Query('1'), {story.Reading(people::Dataset('1'))}, story.charter(),
                                             {analyst.thumbprint()}));
    story.Approve(analyst, query);
    story.Approve(hospital, query);
    story.Wait(60);
    receipt = story.Run(query);
    story.Boot(charter);
  }

  people::Person hospital = people::Hospital();
  people::Person analyst = people::Analyst();
  agreement::Charter charter;
  for_test::Story story;
  std::string receipt;
};

JsonArray States(const for_test::Story& story, const SecretBytes& seal_key) {
  JsonArray array;
  for (std::uint64_t size = 1; size <= story.state().size(); ++size) {
    const agreement::LedgerPoint point{.size = size, .root = story.state().log().RootAt(size)};
    JsonObject json;
    json["entry"] = story.entries()[size - 1];
    json["leaf"] = Hex(story.state().log().leaf(size - 1));
    json["size"] = static_cast<std::int64_t>(size);
    json["root"] = Hex(point.root);
    json["seal"] = Hex(SealState(seal_key, people::Environment(), point));
    array.push_back(std::move(json));
  }
  return array;
}

JsonArray InclusionProofs(const MerkleLog& log) {
  JsonArray array;
  for (const auto& [index, size] : {std::pair{0, 1}, {0, 7}, {4, 7}, {6, 7}, {3, 13}, {12, 13}}) {
    const auto i = static_cast<std::uint64_t>(index);
    const auto n = static_cast<std::uint64_t>(size);
    JsonObject json;
    json["index"] = index;
    json["size"] = size;
    json["proof"] = Hashes(log.InclusionProof(i, n));
    array.push_back(std::move(json));
  }
  return array;
}

JsonArray ConsistencyProofs(const MerkleLog& log) {
  JsonArray array;
  for (const auto& [from, to] : {std::pair{1, 2}, {3, 7}, {4, 7}, {6, 8}, {7, 13}, {13, 13}}) {
    JsonObject json;
    json["from"] = from;
    json["to"] = to;
    json["proof"] = Hashes(log.ConsistencyProof(static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to)));
    array.push_back(std::move(json));
  }
  return array;
}

JsonArray RefusedNotes(const for_test::Story& story) {
  const std::string good = story.Checkpoint();
  const std::string body = good.substr(0, good.find("\n\n") + 1);
  const std::string signature = good.substr(good.find("\n\n") + 2);
  const std::string stranger =
      SignCheckpoint(people::SignerFrom("stranger"), people::Environment(), story.state().point()).value();
  const std::string elsewhere =
      SignCheckpoint(story.checkpoint_key(), people::Environment('2'), story.state().point()).value();
  JsonArray array;
  for (const std::string& note : {body, body + "\n", body + signature, good.substr(0, good.size() - 1), good + "\n",
                                  body + "extension\n\n" + signature, stranger, elsewhere}) {
    EXPECT_FALSE(VerifyCheckpoint(note, people::Environment(), story.checkpoint_key().public_key()).has_value())
        << note;
    array.emplace_back(note);
  }
  return array;
}

TEST(LedgerVectors, AreRemadeByteByByte) {
  const VectorLedger ledger;
  const for_test::Story& story = ledger.story;
  ASSERT_TRUE(CheckReceipt(story.state(), ledger.receipt).has_value());
  const SecretBytes seal_key = agreement::LedgerSealKey(SecretBytes::CopyOf(people::DigestOf("environment key")));
  JsonObject json;
  json["format"] = "docs/formats/ledger.md";
  json["environment"] = people::Environment().str();
  json["seal_key"] = codec::HexEncode(seal_key.view());
  json["states"] = States(story, seal_key);
  json["checkpoint_key"] = codec::Base64UrlEncode(story.checkpoint_key().public_key().raw());
  json["checkpoint"] = story.Checkpoint();
  json["refused_checkpoints"] = RefusedNotes(story);
  json["inclusion"] = InclusionProofs(story.state().log());
  json["consistency"] = ConsistencyProofs(story.state().log());
  json["receipt"] = ledger.receipt;
  codec::for_test::CompareWithVectorFile(CLOISTER_SOURCE_DIR "/docs/formats/vectors/ledger.json", json);
}

}  // namespace
}  // namespace cloister::ledger
