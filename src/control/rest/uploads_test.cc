// Requests about one dataset's files that come at once, again, or are cut off. Each PUT is taken piece by piece by the
// very sink that the server would fill, so that the test says what comes between.
#include <thread>

#include "cloud/bucket_reader.h"
#include "control/rest/dataset_files.h"
#include "control/rest/sealed_intake.h"
#include "control/rest/work_for_test.h"
#include "net/server/router.h"

namespace cloister::control {
namespace {

constexpr const char* kRows = "id,cost\n1,20\n2,30\n";
using Sink = std::unique_ptr<net::BodySink>;

class UploadsTest : public WorkTest {
 protected:
  UploadsTest()
      : router_(MakeRouter(*api_)),
        key_(ada_.Post("/api/keys", {{"name", "k"}}).Text("api_key")),
        dataset_(Register(ada_, "visits")) {}

  // The head of a PUT came.
  Result<Sink> Open(const std::string& target, net::Headers headers = {}) {
    net::Request request;
    request.method = "PUT";
    for (std::size_t at = 1; at < target.size();) {
      const std::size_t end = std::min(target.find('/', at), target.size());
      request.segments.push_back(target.substr(at, end - at));
      at = end + 1;
    }
    request.headers = std::move(headers);
    request.headers.emplace_back("x-api-key", key_);
    const net::Router::Match match = router_.Find("PUT", request.segments);
    request.params = match.params;
    return match.route->upload(request);
  }
  Sink OpenPart(const std::string& upload, const std::string& bytes) {
    auto sink = Open(upload + "/parts/1", {{"content-digest", ContentDigest(bytes)}});
    EXPECT_TRUE(sink.has_value()) << sink.error().public_message;
    return *std::move(sink);
  }
  Sink OpenContent() {
    auto sink = Open(dataset_ + "/content");
    EXPECT_TRUE(sink.has_value()) << sink.error().public_message;
    return *std::move(sink);
  }
  static int Finished(net::BodySink& sink) {
    const auto answer = sink.Finish();
    return answer ? answer->status : StatusOf(answer.error().code);
  }
  static int Written(net::BodySink& sink, std::string_view bytes) {
    const auto written = sink.Write(AsBytes(bytes));
    return written ? 0 : StatusOf(written.error().code);
  }

  std::string Begin(std::size_t size_bytes) {
    return dataset_ + "/uploads/" +
           ada_.Post(dataset_ + "/uploads", {{"size_bytes", size_bytes}}).TextAt("/upload/id");
  }
  static std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }
  // What the first part is and what its row says it is.
  std::string Draft(const std::string& upload) {
    const auto bytes = blobs_.ReadDraft(NameOf(upload), 0, 64);
    return bytes ? std::string(AsText(*bytes)) : "(none)";
  }
  std::string RowOf(const std::string& upload) {
    const Reply shown = ada_.Get(upload);
    return shown.At("/upload/parts").as_array().empty() ? "(none)" : shown.TextAt("/upload/parts/0/digest");
  }
  void ExpectPart(const std::string& upload, const std::string& bytes) {
    EXPECT_EQ(Draft(upload), bytes);
    EXPECT_EQ(RowOf(upload), ContentDigest(bytes));
    EXPECT_EQ(blobs_.drafts(), std::set<std::string>{NameOf(upload)}) << "and nothing beside it";
  }
  std::size_t Versions() { return ada_.Get(dataset_ + "/versions").At("/versions").as_array().size(); }
  std::size_t Uploads() { return ada_.Get(dataset_ + "/uploads").At("/uploads").as_array().size(); }

  const net::Router router_;
  const std::string key_;
  const std::string dataset_;
};

TEST_F(UploadsTest, TwoThatSendOnePartDoNotMix) {
  const std::string upload = Begin(6);
  const Sink a = OpenPart(upload, "aaaaaa"), b = OpenPart(upload, "bbbbbb");
  EXPECT_EQ(Written(*a, "aaa"), 0);
  EXPECT_EQ(Written(*b, "bbb"), 0);
  EXPECT_EQ(Written(*a, "aaa"), 0);
  EXPECT_EQ(Finished(*a), 200);
  EXPECT_EQ(Draft(upload), "aaaaaa");
  EXPECT_EQ(RowOf(upload), ContentDigest("aaaaaa"));
  EXPECT_EQ(Written(*b, "bbb"), 0);
  EXPECT_EQ(Finished(*b), 200);
  ExpectPart(upload, "bbbbbb");
}

TEST_F(UploadsTest, APartIsWhatItsRowSaysHoweverManySendIt) {
  const std::string upload = Begin(6);
  std::vector<std::thread> senders;
  for (const char c : {'a', 'b', 'c', 'd'}) {
    senders.emplace_back([this, upload, bytes = std::string(6, c)] {
      for (int i = 0; i < 20; ++i) {
        const Sink sink = OpenPart(upload, bytes);
        for (const char each : bytes) EXPECT_EQ(Written(*sink, std::string(1, each)), 0);
        const int status = Finished(*sink);
        EXPECT_TRUE(status == 200 || status == 409) << status;  // 409: it was there, and is not any more
      }
    });
  }
  for (std::thread& each : senders) each.join();
  ExpectPart(upload, Draft(upload));
}

TEST_F(UploadsTest, ARefusedPartLosesNothing) {
  const std::string upload = Begin(4), part = upload + "/parts/1";
  ASSERT_EQ(ada_.Put(part, "good", ContentDigest("good")).status, 200);
  const auto put = [&](const char* type, std::string body) {
    return ada_
        .Send({.method = net::HttpMethod::kPut,
               .target = part,
               .fields = {{"Content-Type", type}, {"Content-Digest", ContentDigest("evil")}},
               .body = std::move(body)})
        .status;
  };
  EXPECT_EQ(put("multipart/form-data; boundary=x", "evil"), 415);
  ExpectPart(upload, "good");
  EXPECT_EQ(put("application/octet-stream", "ev"), 400);
  EXPECT_EQ(put("application/octet-stream", "evils"), 400);
  EXPECT_EQ(put("application/octet-stream", "live"), 400);
  ExpectPart(upload, "good");
  {
    const Sink vanishes = OpenPart(upload, "evil");
    EXPECT_EQ(Written(*vanishes, "evi"), 0);
  }
  ExpectPart(upload, "good");
  EXPECT_EQ(put("application/octet-stream", "evil"), 200);
  ExpectPart(upload, "evil");
}

TEST_F(UploadsTest, AFileInAnEnvelopeTakesNobodysPlace) {
  const Sink first = OpenContent();
  EXPECT_EQ(Written(*first, kRows), 0);
  const auto envelope = Open(dataset_ + "/content", {{"content-type", "multipart/form-data; boundary=x"}});
  EXPECT_EQ(Finished(**envelope), 415);
  EXPECT_EQ(Finished(*first), 200);
  EXPECT_EQ(Versions(), 1u);
  EXPECT_TRUE(blobs_.drafts().empty());
}

TEST_F(UploadsTest, APartThatIsThereIsTakenAgainWithoutARewrite) {
  const std::string upload = Begin(4);
  ASSERT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  blobs_.DieAt(1, MortalBlobStore::Moment::kBefore);  // whoever touches them finds nobody
  EXPECT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  EXPECT_FALSE(blobs_.dead());
}

// It was there when the request began, so its bytes were not kept.
TEST_F(UploadsTest, APartThatWentMeanwhileIsNotSaidToBeThere) {
  const std::string upload = Begin(4);
  ASSERT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  const Sink again = OpenPart(upload, "good");
  ASSERT_EQ(ada_.Put(upload + "/parts/1", "more", ContentDigest("more")).status, 200);
  EXPECT_EQ(Written(*again, "good"), 0);
  EXPECT_EQ(Finished(*again), 409);
  ExpectPart(upload, "more");
}

// Before and after each step at the bytes: a part is there with its own bytes, or not there.
TEST_F(UploadsTest, ADeathWhileAPartTakesItsPlaceLeavesNoOtherOne) {
  for (const auto moment : {MortalBlobStore::Moment::kBefore, MortalBlobStore::Moment::kAfter}) {
    for (const int step : {1, 2}) {  // the bytes come, and move
      const std::string upload = Begin(4);
      ASSERT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
      blobs_.DieAt(step, moment);
      EXPECT_EQ(ada_.Put(upload + "/parts/1", "more", ContentDigest("more")).status, 503);
      ASSERT_TRUE(blobs_.dead());
      blobs_.Revive();
      EXPECT_EQ(RowOf(upload), step == 1 ? ContentDigest("good") : "(none)");
      EXPECT_EQ(ada_.Put(upload + "/parts/1", "more", ContentDigest("more")).status, 200);
      EXPECT_EQ(Draft(upload), "more");
      EXPECT_EQ(ada_.Delete(upload).status, 200);
      EXPECT_TRUE(blobs_.drafts().empty()) << "what the dead one left behind goes along";
    }
  }
}

TEST_F(UploadsTest, AnUploadIsGivenUpWhileAPartStreams) {
  const std::string upload = Begin(4);
  {
    const Sink part = OpenPart(upload, "good");
    EXPECT_EQ(Written(*part, "go"), 0);
    EXPECT_EQ(ada_.Delete(upload).status, 200);
    EXPECT_EQ(Written(*part, "od"), 0);
    EXPECT_EQ(Finished(*part), 404);
  }
  EXPECT_EQ(ada_.Get(upload).status, 404);
  EXPECT_TRUE(blobs_.drafts().empty());
}

TEST_F(UploadsTest, AnUploadIsCompleteWhileAPartStreams) {
  const std::string upload = Begin(4);
  ASSERT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  {
    const Sink part = OpenPart(upload, "evil");
    EXPECT_EQ(Written(*part, "ev"), 0);
    EXPECT_EQ(ada_.Post(upload + "/complete", {{"object", ObjectOf("good")}}).status, 200);
    EXPECT_EQ(Written(*part, "il"), 0);
    EXPECT_EQ(Finished(*part), 409);
  }
  EXPECT_EQ(AsText(*blobs_.Read(NameOf(upload), 0, 64)), "good");
  EXPECT_TRUE(blobs_.drafts().empty());
  EXPECT_EQ(ada_.Delete(upload).status, 409);
  EXPECT_EQ(AsText(*blobs_.Read(NameOf(upload), 0, 64)), "good");
}

TEST_F(UploadsTest, ADatasetIsRemovedWhileItsFileComes) {
  const std::string upload = Begin(4);
  {
    const Sink part = OpenPart(upload, "good"), content = OpenContent();
    EXPECT_EQ(Written(*part, "go"), 0);
    EXPECT_EQ(Written(*content, kRows), 0);
    EXPECT_EQ(ada_.Delete(dataset_).status, 200);
    EXPECT_EQ(Written(*part, "od"), 0);
    EXPECT_EQ(Finished(*part), 404);
    EXPECT_EQ(Finished(*content), 404);
  }
  EXPECT_TRUE(blobs_.drafts().empty());
  EXPECT_TRUE(blobs_.published().empty());
}

// A host that dies while the files go: the dataset is there to be removed again, and nothing of it is left in the end.
TEST_F(UploadsTest, ADatasetIsRemovedWithItsFilesOrAgain) {
  ASSERT_EQ(ada_.Send({.method = net::HttpMethod::kPut, .target = dataset_ + "/content", .body = kRows}).status, 200);
  ASSERT_EQ(Status(ada_, dataset_, "/dataset/status", {"available"}), "available");
  blobs_.DieAt(1, MortalBlobStore::Moment::kBefore);
  EXPECT_EQ(ada_.Delete(dataset_).status, 503);
  blobs_.Revive();
  EXPECT_EQ(ada_.Delete(dataset_).status, 200);
  EXPECT_EQ(ada_.Get(dataset_).status, 404);
  EXPECT_TRUE(blobs_.published().empty());
}

TEST_F(UploadsTest, WhatIsCompleteTwiceIsSignedOnce) {
  const std::string upload = Begin(4);
  ASSERT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  const Reply first = ada_.Post(upload + "/complete", {{"object", ObjectOf("good")}});
  ASSERT_EQ(first.status, 200) << first.body;
  const Reply again = ada_.Post(upload + "/complete", {{"object", ObjectOf("good")}});
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.At("/entry"), first.At("/entry"));
  EXPECT_EQ(ada_.Post(upload + "/complete", {{"object", ObjectOf("evil")}}).status, 409);
  EXPECT_EQ(Versions(), 1u);
}

// A row that says that parts are there is not believed where the bytes are not.
TEST_F(UploadsTest, WhatLostItsBytesIsNotComplete) {
  const std::string upload = Begin(4);
  ASSERT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  ASSERT_TRUE(blobs_.DiscardDraft(NameOf(upload)));
  EXPECT_EQ(ada_.Post(upload + "/complete", {{"object", ObjectOf("good")}}).status, 500);
  EXPECT_EQ(Versions(), 0u);
}

TEST_F(UploadsTest, TwoFilesAtOnceAreTwoVersionsAndTheLastOneHolds) {
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

TEST_F(UploadsTest, AStreamThatIsGivenUpIsNotComplete) {
  const Sink content = OpenContent();
  EXPECT_EQ(Written(*content, kRows), 0);
  const std::string id = ada_.Get(dataset_ + "/uploads").TextAt("/uploads/0/id");
  EXPECT_EQ(ada_.Post(dataset_ + "/uploads/" + id + "/complete", {{"object", ObjectOf("x")}}).status, 409);
  EXPECT_EQ(ada_.Delete(dataset_ + "/uploads/" + id).status, 200);
  EXPECT_EQ(Finished(*content), 404);
  EXPECT_EQ(Versions(), 0u);
}

// A process that ended keeps nobody out, and nothing of it stays; a request that goes on counts.
TEST_F(UploadsTest, WhatADeadProcessLeftMakesRoom) {
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

TEST_F(UploadsTest, OfTwoWhoMarkItAvailableOneSigns) {
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

TEST_F(UploadsTest, WhileAFileComesTheOneBeforeItIsMarked) {
  const Sink content = OpenContent();
  EXPECT_EQ(Written(*content, kRows), 0);
  EXPECT_EQ(ada_.Post(dataset_ + "/mark-available").status, 409) << "there is no file yet";
  EXPECT_EQ(Finished(*content), 200);
  EXPECT_EQ(ada_.Post(dataset_ + "/mark-available").status, 200);
  EXPECT_EQ(Versions(), 1u);
}

TEST_F(UploadsTest, ADocumentThatIsNotTheOneInForceIsNotPassedOver) {
  ASSERT_EQ(ada_.Send({.method = net::HttpMethod::kPut, .target = dataset_ + "/content", .body = kRows}).status, 200);
  Person own = WithOwnKey("own@own.example");
  const Reply refused = ada_.Post(dataset_ + "/mark-available", {{"document", KeyProof(own, own.email)}});
  EXPECT_EQ(refused.status, 409) << refused.body;
  EXPECT_EQ(Versions(), 1u);
}

}  // namespace
}  // namespace cloister::control
