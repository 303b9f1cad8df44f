// Requests about one upload that come at once, again, or are cut off: parts, complete, give up, remove.
#include <thread>

#include "control/rest/manifests.h"
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

// A row that says that parts are there is not believed where the bytes are not.
TEST_F(UploadsTest, WhatLostItsBytesIsNotComplete) {
  const std::string upload = Begin(4);
  ASSERT_EQ(ada_.Put(upload + "/parts/1", "good", ContentDigest("good")).status, 200);
  ASSERT_TRUE(blobs_.DiscardDraft(NameOf(upload)));
  EXPECT_EQ(ada_.Post(upload + "/complete", {{"object", ObjectOf("good")}}).status, 500);
  EXPECT_EQ(Versions(), 0u);
}

}  // namespace
}  // namespace cloister::control
