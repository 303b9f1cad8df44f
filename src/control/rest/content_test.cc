// Files that come in one request, or from a bucket: several at once, with others that mark, remove or give up.
#include <atomic>

#include "cloud/bucket_reader.h"
#include "control/rest/sealed_intake.h"
#include "control/rest/uploads_for_test.h"

namespace cloister::control {
namespace {

class ContentTest : public UploadsTest {};

TEST_F(ContentTest, AFileInAnEnvelopeTakesNobodysPlace) {
  const Sink first = OpenContent();
  EXPECT_EQ(Written(*first, kRows), 0);
  const auto envelope = Open(dataset_ + "/content", {{"content-type", "multipart/form-data; boundary=x"}});
  EXPECT_EQ(Finished(**envelope), 415);
  EXPECT_EQ(Finished(*first), 200);
  EXPECT_EQ(Versions(), 1u);
  EXPECT_TRUE(blobs_.drafts().empty());
}

TEST_F(ContentTest, TwoFilesAtOnceAreTwoVersionsAndTheLastOneHolds) {
  const Sink first = OpenContent();
  EXPECT_EQ(Written(*first, kRows), 0);
  const Sink second = OpenContent();
  EXPECT_EQ(Written(*second, "id,cost\n1,99\n"), 0);
  EXPECT_EQ(Finished(*second), 200);
  EXPECT_EQ(Versions(), 1u);
  EXPECT_EQ(Written(*first, "3,40\n"), 0);
  EXPECT_EQ(Finished(*first), 200);
  EXPECT_EQ(Versions(), 2u);
  EXPECT_EQ(blobs_.published().size(), 2u) << "neither took the other's away";
  EXPECT_EQ(Status(ada_, dataset_, "/dataset/status", {"available", "failed"}), "available");
  const auto newest = *store_->datasets.NewestFile(*DatasetId::Parse(NameOf(dataset_)));
  EXPECT_EQ(ada_.Get(dataset_).TextAt("/dataset/object/root"), codec::HexEncode(newest->root));
}

TEST_F(ContentTest, AStreamThatIsGivenUpIsNotComplete) {
  const Sink content = OpenContent();
  EXPECT_EQ(Written(*content, kRows), 0);
  const std::string id = ada_.Get(dataset_ + "/uploads").TextAt("/uploads/0/id");
  EXPECT_EQ(ada_.Post(dataset_ + "/uploads/" + id + "/complete", {{"object", ObjectOf("x")}}).status, 409);
  EXPECT_EQ(ada_.Delete(dataset_ + "/uploads/" + id).status, 200);
  EXPECT_EQ(Finished(*content), 404);
  EXPECT_EQ(Versions(), 0u);
}

// A process that ended keeps nobody out, and nothing of it stays; a request that goes on counts.
TEST_F(ContentTest, WhatADeadProcessLeftMakesRoom) {
  const UploadRecord dead{.id = UploadId::New(clock_, rng_),
                          .dataset = *DatasetId::Parse(NameOf(dataset_)),
                          .object = std::nullopt,
                          .created_at = clock_.Now()};
  ASSERT_TRUE(store_->datasets.AddUpload(dead));
  ASSERT_TRUE(blobs_.WriteDraft(dead.id.str(), 0, AsBytes("half")));
  std::vector<Sink> streams;
  for (int i = 0; i < kIntakesMax; ++i) {
    streams.push_back(OpenContent());
    EXPECT_EQ(Written(*streams.back(), kRows), 0);
  }
  EXPECT_EQ(Uploads(), static_cast<std::size_t>(kIntakesMax));
  EXPECT_FALSE(blobs_.drafts().contains(dead.id.str()));
  EXPECT_EQ(Open(dataset_ + "/content").error().code, Code::kResourceExhausted);
  EXPECT_EQ(ada_.Post(dataset_ + "/uploads", {{"size_bytes", 4}}).status, 201) << "parts are counted for themselves";
  streams.pop_back();  // the client vanished
  EXPECT_EQ(Finished(*OpenContent()), 400) << "let in, and empty";
  EXPECT_EQ(Finished(*streams.front()), 200);
}

// The enclave's word on a file is none on the one that took its place while it was loaded.
TEST_F(ContentTest, AFileThatIsNotLoadedYetIsNotAvailable) {
  struct Seen {
    std::atomic<int> reads = 0, replaced = 0;
    std::atomic<bool> early = false;
  };
  const auto seen = std::make_shared<Seen>();
  const auto put = [path = dataset_ + "/content"](Person& person) {
    return person.Send({.method = net::HttpMethod::kPut, .target = path, .body = kRows}).status;
  };
  const auto other = std::make_shared<Person>(server_->port(), key_);
  blobs_.before_read = [this, seen, put, other, id = *DatasetId::Parse(NameOf(dataset_))] {
    const int which = ++seen->reads;
    if (which == 1) seen->replaced = put(*other);
    if (which == 2) seen->early = (*store_->datasets.Find(id))->status == DatasetStatus::kAvailable;
  };
  EXPECT_EQ(put(ada_), 200);
  AskUntil(ada_, dataset_, [&](const Reply& shown) {
    return seen->reads >= 2 && shown.TextAt("/dataset/status") == "available";
  });
  EXPECT_EQ(seen->replaced, 200);
  EXPECT_EQ(Versions(), 2u);
  EXPECT_EQ(seen->reads, 2);
  EXPECT_FALSE(seen->early);
}

// Somebody else asks while the file is on its way from the bucket.
class BusyBucket final : public cloud::BucketReader {
 public:
  Result<std::unique_ptr<cloud::BucketObject>> Open(std::string_view, std::string_view) override {
    if (auto now = std::exchange(meanwhile, nullptr)) now();
    return std::unique_ptr<cloud::BucketObject>(std::make_unique<Rows>());
  }
  std::function<void()> meanwhile;

 private:
  struct Rows final : cloud::BucketObject {
    std::uint64_t size_bytes() const override { return std::string_view(kRows).size(); }
    Result<std::size_t> Read(std::span<std::uint8_t> into) override {
      const std::string_view rows = std::exchange(left, "");
      std::copy(rows.begin(), rows.end(), into.begin());
      return rows.size();
    }
    std::string_view left = kRows;
  };
};

TEST_F(ContentTest, OfTwoWhoMarkItAvailableOneSigns) {
  BusyBucket bucket;
  api_->buckets = &bucket;
  codec::JsonObject registration = Registration("fetched");
  registration["gcs_bucket"] = "b";
  registration["gcs_path"] = "rows.csv";
  const std::string dataset =
      "/api/tee/datasets/" + ada_.Post(environment_ + "/datasets", registration).TextAt("/dataset/id");
  Person other(server_->port(), key_);
  Reply second;
  bucket.meanwhile = [&] { second = other.Post(dataset + "/mark-available"); };
  const Reply first = ada_.Post(dataset + "/mark-available");
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(first.At("/entry"), second.At("/entry"));
  EXPECT_EQ(ada_.Get(dataset + "/versions").At("/versions").as_array().size(), 1u);
  EXPECT_EQ(ada_.Get(dataset + "/uploads").At("/uploads").as_array().size(), 1u) << "the other copy goes";
  EXPECT_EQ(blobs_.published().size(), 1u);
  EXPECT_EQ(ada_.Post(dataset + "/mark-available").At("/entry"), first.At("/entry"));
}

TEST_F(ContentTest, WhileAFileComesTheOneBeforeItIsMarked) {
  const Sink content = OpenContent();
  EXPECT_EQ(Written(*content, kRows), 0);
  EXPECT_EQ(ada_.Post(dataset_ + "/mark-available").status, 409) << "there is no file yet";
  EXPECT_EQ(Finished(*content), 200);
  EXPECT_EQ(ada_.Post(dataset_ + "/mark-available").status, 200);
  EXPECT_EQ(Versions(), 1u);
}

TEST_F(ContentTest, ADocumentThatIsNotTheOneInForceIsNotPassedOver) {
  ASSERT_EQ(ada_.Send({.method = net::HttpMethod::kPut, .target = dataset_ + "/content", .body = kRows}).status, 200);
  Person own = WithOwnKey("own@own.example");
  const Reply refused = ada_.Post(dataset_ + "/mark-available", {{"document", KeyProof(own, own.email)}});
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_EQ(Versions(), 1u);
}

// Nothing is loaded for it, so there is nothing to wait for.
TEST_F(ContentTest, AManifestWithoutEffectIsToldAtOnce) {
  Person own = WithOwnKey("own@own.example");
  const std::string id = NameOf(environment_);
  EXPECT_EQ(ada_.Post(environment_ + "/participants", {{"email", own.email}}).status, 201);
  EXPECT_EQ(bob_.Post(environment_ + "/acceptances").status, 200);
  const std::string acceptance = Sign(own, id, AcceptanceOf(id, agreement::Custody::kSelf));
  EXPECT_EQ(own.Post(environment_ + "/acceptances", {{"document", acceptance}}).status, 200);
  const std::string dataset = Register(own, "claims");
  const std::string upload =
      dataset + "/uploads/" + own.Post(dataset + "/uploads", {{"size_bytes", 4}}).TextAt("/upload/id");
  EXPECT_EQ(own.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  agreement::Manifest manifest{.dataset = *DatasetId::Parse(NameOf(dataset)), .name = "claims"};
  manifest.schema = *agreement::DecodeSchema(*codec::ParseJson(R"([{"name":"id","type":"BIGINT"}])"), "schema");
  manifest.object = *agreement::DecodeObjectRef(ObjectOf("good"), "object");
  const auto of_no_charter = [&] { return Sign(own, id, manifest); };
  const Reply stored = own.Post(upload + "/complete", {{"object", ObjectOf("good")}, {"document", of_no_charter()}});
  EXPECT_TRUE(stored.json.as_object().contains("refused")) << stored.body;
  const Reply marked = own.Post(dataset + "/mark-available", {{"document", of_no_charter()}});
  EXPECT_EQ(marked.status, 409) << marked.body;
  EXPECT_TRUE(marked.json.as_object().contains("refused")) << marked.body;
}

}  // namespace
}  // namespace cloister::control
