// Requests about one upload that come at once, again, or are cut off: parts, complete, give up, remove.
#include <thread>

#include "control/rest/manifests.h"
#include "control/rest/part_sink.h"
#include "control/rest/uploads_for_test.h"

namespace cloister::control {
namespace {

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
    for (const int step : {1, 2, 3, 4}) {  // the bytes come, the others are looked for, and they move
      const std::string upload = Begin(4);
      ASSERT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
      blobs_.DieAt(step, moment);
      EXPECT_EQ(ada_.Put(upload + "/parts/1", "more", ContentDigest("more")).status, 503);
      ASSERT_TRUE(blobs_.dead());
      blobs_.Revive();
      EXPECT_EQ(RowOf(upload), step < 4 ? ContentDigest("good") : "(none)");
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
    EXPECT_EQ(Written(*part, "od"), 404);
    EXPECT_TRUE(blobs_.drafts().empty()) << "however this process ends";
  }
  EXPECT_EQ(ada_.Get(upload).status, 404);
}

TEST_F(UploadsTest, AnUploadIsGivenUpBeforeAPartsFirstByte) {
  const std::string upload = Begin(4);
  const Sink part = OpenPart(upload, "good");
  EXPECT_EQ(ada_.Delete(upload).status, 200);
  EXPECT_EQ(Written(*part, "good"), 404);
  EXPECT_TRUE(blobs_.drafts().empty()) << "however this process ends";
}

TEST_F(UploadsTest, AnUploadIsCompleteWhileAPartStreams) {
  const std::string upload = Begin(4);
  ASSERT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  {
    const Sink part = OpenPart(upload, "evil");
    EXPECT_EQ(Written(*part, "ev"), 0);
    EXPECT_EQ(ada_.Post(upload + "/complete", {{"object", ObjectOf("good")}}).status, 200);
    EXPECT_EQ(Written(*part, "il"), 409);
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
    EXPECT_EQ(Written(*part, "od"), 404);
    EXPECT_EQ(Finished(*content), 404);
    EXPECT_TRUE(blobs_.drafts().empty()) << "however this process ends";
  }
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

// The answer to the first came too late for its client, who asks again when somebody's next file is there.
class LateCompleteTest : public UploadsTest {
 protected:
  std::string SendParts(const std::string& bytes) {
    std::string upload = Begin(bytes.size());
    EXPECT_EQ(ada_.Put(upload + "/parts/1", bytes, ContentDigest(bytes)).status, 200);
    return upload;
  }
  Reply Complete(const std::string& upload, const std::string& bytes, const std::string& key = "") {
    net::HttpRequest request{.method = net::HttpMethod::kPost,
                             .target = upload + "/complete",
                             .fields = {{"Content-Type", "application/json"}},
                             .body = codec::WriteJson(codec::JsonObject{{"object", ObjectOf(bytes)}})};
    if (!key.empty()) request.fields.push_back({"Idempotency-Key", key});
    return ada_.Send(std::move(request));
  }
  // As a crash leaves it behind that came after the work and before its answer was kept.
  void LoseAnswer(const std::string& key) {
    const auto user = store_->users.FindUserByEmail(ada_.email).value()->id;
    IdempotencyRecord cut_off = store_->idempotency.Begin({.user = user, .key = key, .created_at = {}})->value();
    ASSERT_TRUE(store_->idempotency.Forget(user, key).has_value());
    cut_off.answer = std::nullopt;
    ASSERT_FALSE(store_->idempotency.Begin(cut_off)->has_value());
  }
};

TEST_F(LateCompleteTest, ARetryDoesNotBringAnOlderFileBack) {
  const std::string first = SendParts("old");
  ASSERT_EQ(Complete(first, "old").status, 200);
  ASSERT_EQ(Complete(SendParts("young"), "young").status, 200);
  EXPECT_EQ(Complete(first, "old").status, 409);
  EXPECT_EQ(Complete(first, "old", "fresh").status, 409) << "a key that nothing was said under changes nothing";
  EXPECT_EQ(Versions(), 2u);
  EXPECT_EQ(Complete(SendParts("old"), "old").status, 200);
  EXPECT_EQ(Versions(), 3u) << "whoever means it sends it";
}

TEST_F(LateCompleteTest, ARetryUnderItsKeyIsAnsweredAsTheFirst) {
  const std::string first = SendParts("old");
  const Reply answer = Complete(first, "old", "lost");
  ASSERT_EQ(answer.status, 200) << answer.body;
  ASSERT_EQ(Complete(SendParts("young"), "young").status, 200);
  LoseAnswer("lost");
  const Reply again = Complete(first, "old", "lost");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.At("/entry"), answer.At("/entry"));
  EXPECT_EQ(Versions(), 2u);
}

// It waited for the enclave while its retry, and then another file, were signed for.
TEST_F(LateCompleteTest, ARequestThatAwakesLateDoesNotBringItsFileBack) {
  net::Request request{.params = {{"id", NameOf(dataset_)}}, .headers = {{"x-api-key", key_}}};
  const auto access = RequireOwner(*api_, request);
  ASSERT_TRUE(access) << access.error().public_message;
  const OfferedFile file{.object = *agreement::DecodeObjectRef(ObjectOf("old"), "object"),
                         .signed_from = access->member.session->Look([](const auto& state) { return state.size(); })};
  ASSERT_EQ(Complete(SendParts("old"), "old").status, 200);
  ASSERT_EQ(Complete(SendParts("young"), "young").status, 200);
  const auto recorded = RecordManifest(*api_, *access, file, std::nullopt);
  ASSERT_FALSE(recorded);
  EXPECT_EQ(recorded.error().code, Code::kConflict);
  EXPECT_EQ(Versions(), 2u);
}

// Its file is published, and its row does not know yet: what comes now is no part of it, and the file stays.
TEST_F(UploadsTest, APartAfterADeathInPublishingTakesNothingAway) {
  const std::string upload = Begin(4);
  const Sink late = OpenPart(upload, "evil");
  ASSERT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  blobs_.DieAt(1, MortalBlobStore::Moment::kAfter);
  EXPECT_EQ(ada_.Post(upload + "/complete", {{"object", ObjectOf("good")}}).status, 503);
  blobs_.Revive();
  EXPECT_EQ(Written(*late, "evil"), 0);
  EXPECT_EQ(Finished(*late), 409);
  EXPECT_EQ(ada_.Put(upload + "/parts/1", "more", ContentDigest("more")).status, 409);
  EXPECT_EQ(RowOf(upload), ContentDigest("good"));
  EXPECT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  EXPECT_EQ(ada_.Post(upload + "/complete", {{"object", ObjectOf("good")}}).status, 200);
  EXPECT_EQ(AsText(*blobs_.Read(NameOf(upload), 0, 64)), "good");
}

// Nor one that was given up and cut off before its row went.
TEST_F(UploadsTest, APartDoesNotBringBackWhatWasGivenUp) {
  const std::string upload = Begin(4);
  ASSERT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  ASSERT_TRUE(blobs_.Publish(NameOf(upload), 4));
  blobs_.DieAt(1, MortalBlobStore::Moment::kBefore);
  EXPECT_EQ(ada_.Delete(upload).status, 503);
  blobs_.Revive();
  EXPECT_EQ(ada_.Put(upload + "/parts/1", "more", ContentDigest("more")).status, 500);
  EXPECT_EQ(ada_.Delete(upload).status, 200);
  EXPECT_TRUE(blobs_.published().empty());
}

// Whether the name was made durable nobody knows who died before he was told.
TEST_F(UploadsTest, AFileThatWasPublishedByADeadOneIsSettledBeforeItCounts) {
  int datasets = 0;
  for (const auto moment : {MortalBlobStore::Moment::kBefore, MortalBlobStore::Moment::kAfter}) {
    for (const int step : {2, 3}) {  // settled, what others left is thrown away
      const std::string dataset = Register(ada_, "of_" + std::to_string(++datasets)), upload = BeginAt(dataset, 4);
      const auto complete = [&] { return ada_.Post(upload + "/complete", {{"object", ObjectOf("good")}}).status; };
      ASSERT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
      ASSERT_TRUE(blobs_.Publish(NameOf(upload), 4));
      const std::string left = NameOf(upload) + "_try_x";
      ASSERT_TRUE(blobs_.WriteDraft(left, 0, AsBytes("ev")));
      blobs_.DieAt(step, moment);
      EXPECT_EQ(complete(), 503);
      EXPECT_TRUE(blobs_.dead());
      blobs_.Revive();
      EXPECT_FALSE(ada_.Get(upload).At("/upload/complete").as_bool());
      EXPECT_EQ(complete(), 200);
      EXPECT_TRUE(blobs_.drafts().empty()) << "nobody asks for it again";
      EXPECT_EQ(Status(ada_, dataset, "/dataset/status", {"available"}), "available");
    }
  }
}

TEST_F(UploadsTest, SoManyPartsOfOneDatasetAtOnceAndNoMore) {
  const std::string upload = Begin(4), other = Begin(4);
  const net::Headers fields = {{"content-digest", ContentDigest("good")}};
  std::vector<Sink> parts;
  for (int i = 0; i < kPartsAtOnceMax; ++i) parts.push_back(OpenPart(i % 2 == 0 ? upload : other, "good"));
  EXPECT_EQ(Open(upload + "/parts/1", fields).error().code, Code::kUnavailable);
  EXPECT_EQ(ada_.Put(other + "/parts/1", "good", ContentDigest("good")).status, 503);
  const std::string claims = BeginAt(Register(ada_, "claims"), 4);
  EXPECT_EQ(ada_.Put(claims + "/parts/1", "good", ContentDigest("good")).status, 200) << "they are counted apart";
  parts.pop_back();  // however it ends
  EXPECT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  EXPECT_EQ(ada_.Put(other + "/parts/1", "good", ContentDigest("good")).status, 200);
}

// Somebody else's request comes while ids are made: after this one was let in, before its turn.
class BusyRng final : public Rng {
 public:
  explicit BusyRng(Rng& rng) : rng_(rng) {}
  void Fill(std::span<std::uint8_t> out) override {
    if (auto now = std::exchange(meanwhile, nullptr)) now();
    rng_.Fill(out);
  }
  std::function<void()> meanwhile;

 private:
  Rng& rng_;
};

TEST_F(UploadsTest, ADatasetThatWasRemovedMeanwhileTakesNoFile) {
  Rng& rng = rng_;
  BusyRng busy(rng);
  const Api slow{*store_, *fleet_, *custodian_, *vault_, provider_, checker_, blobs_, clock_, busy, true};
  const net::Router router = MakeRouter(slow);
  const auto remove = [this, &busy](const std::string& dataset) {
    busy.meanwhile = [this, dataset] { EXPECT_EQ(ada_.Delete(dataset).status, 200); };
  };
  remove(dataset_);
  net::Request begin = Head("POST", dataset_ + "/uploads", {{"content-type", "application/json"}});
  begin.body = R"({"size_bytes":4})";
  const net::Router::Match match = router.Find("POST", begin.segments);
  begin.params = match.params;
  EXPECT_EQ(match.route->handler(begin)->status, 404);
  const std::string claims = Register(ada_, "claims");
  remove(claims);
  const auto content = OpenAt(router, claims + "/content");
  EXPECT_EQ(content.error().code, Code::kNotFound);
  EXPECT_FALSE(busy.meanwhile);
  for (const std::string& each : {dataset_, claims}) {
    EXPECT_TRUE(store_->datasets.UploadsOf(*DatasetId::Parse(NameOf(each)))->empty());
  }
}

// A row that says that parts are there is not believed where the bytes are not.
TEST_F(UploadsTest, WhatLostItsBytesIsNotComplete) {
  const std::string upload = Begin(4);
  ASSERT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  ASSERT_TRUE(blobs_.DiscardDraft(NameOf(upload)));
  EXPECT_EQ(ada_.Post(upload + "/complete", {{"object", ObjectOf("good")}}).status, 500);
  EXPECT_EQ(Versions(), 0u);
  EXPECT_EQ(ada_.Put(upload + "/parts/1", "more", ContentDigest("more")).status, 500) << "nor made whole by one part";
  EXPECT_TRUE(blobs_.drafts().empty());
}

}  // namespace
}  // namespace cloister::control
