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
  EXPECT_EQ(Open(dataset_ + "/content").error().code, Code::kUnavailable);
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
  for (const char* path : {"../secret.csv", "..", "/sub/x.csv", "a//b", ""}) {
    registration["gcs_path"] = path;
    EXPECT_EQ(ada_.Post(environment_ + "/datasets", registration).status, 400) << path;
  }
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

// A participant who signs for himself, with the parts of a file.
class OwnKeyTest : public ContentTest {
 protected:
  OwnKeyTest() : own_(WithOwnKey("own@own.example")), id_(NameOf(environment_)) {
    EXPECT_EQ(ada_.Post(environment_ + "/participants", {{"email", own_.email}}).status, 201);
    EXPECT_EQ(bob_.Post(environment_ + "/acceptances").status, 200);
    const std::string acceptance = Sign(own_, id_, AcceptanceOf(id_, agreement::Custody::kSelf));
    EXPECT_EQ(own_.Post(environment_ + "/acceptances", {{"document", acceptance}}).status, 200);
    claims_ = Register(own_, "claims");
    upload_ = claims_ + "/uploads/" + own_.Post(claims_ + "/uploads", {{"size_bytes", 4}}).TextAt("/upload/id");
    EXPECT_EQ(own_.Put(upload_ + "/parts/1", "good", ContentDigest("good")).status, 200);
    manifest_.dataset = *DatasetId::Parse(NameOf(claims_));
    manifest_.name = "claims";
    manifest_.schema = *agreement::DecodeSchema(*codec::ParseJson(R"([{"name":"id","type":"BIGINT"}])"), "schema");
    manifest_.object = *agreement::DecodeObjectRef(ObjectOf("good"), "object");
  }
  std::string Signed() { return Sign(own_, id_, manifest_); }
  Digest256 CharterNow(bool proposed) {
    return fleet_->Find(*EnvironmentId::Parse(id_))->Look([&](const ledger::LedgerState& state) {
      return (proposed ? state.proposed() : state.in_force())->digest;
    });
  }

  Person own_;
  const std::string id_;
  std::string claims_, upload_;
  agreement::Manifest manifest_{.dataset = DatasetId::New(clock_, rng_)};
};

// What is answered 2xx holds. Nothing is loaded for such a manifest, so there is nothing to wait for.
TEST_F(OwnKeyTest, AStatementWithoutEffectIsAConflict) {
  const auto is_conflict = [&](const std::string& target, codec::JsonObject body, agreement::LinkBody statement) {
    body["document"] = Sign(own_, id_, std::move(statement));
    const Reply reply = own_.Post(target, std::move(body));
    EXPECT_EQ(reply.status, 409) << target << reply.body;
    EXPECT_NE(reply.Text("message").find("has no effect; "), std::string::npos) << reply.body;
  };
  is_conflict(upload_ + "/complete", {{"object", ObjectOf("good")}}, manifest_);  // of no charter that there is
  is_conflict(claims_ + "/mark-available", {}, manifest_);
  manifest_.charter = CharterNow(false);
  const Reply marked = own_.Post(claims_ + "/mark-available", {{"document", Signed()}});
  EXPECT_EQ(marked.TextAt("/dataset/status"), "available") << marked.body;
  is_conflict(claims_ + "/versions", {}, manifest_);  // the same number and no predecessor
}

// It would be recorded and hold, and what the request asked for would be said to be done.
TEST_F(OwnKeyTest, ADocumentAboutSomethingElseIsMalformed) {
  using Ends = agreement::Revocation::Ends;
  manifest_.charter = CharterNow(false);
  const std::string good = Signed();
  manifest_.object = *agreement::DecodeObjectRef(ObjectOf("else"), "object");
  const codec::JsonObject with_good{{"object", ObjectOf("good")}, {"document", good}};
  EXPECT_EQ(own_.Post(upload_ + "/complete", {{"object", ObjectOf("else")}, {"document", good}}).status, 400);
  EXPECT_EQ(own_.Post(upload_ + "/complete", {{"object", ObjectOf("good")}, {"document", Signed()}}).status, 400);
  EXPECT_EQ(own_.Post(Register(own_, "other") + "/mark-available", {{"document", good}}).status, 409) << "no file";
  EXPECT_EQ(own_.Post(upload_ + "/complete", with_good).status, 200) << "what was malformed changed nothing";
  const std::string query = "/api/tee/queries/" + SubmitQuery(ada_).TextAt("/query/id");
  const std::int64_t size = LedgerSize();
  const std::string revocation = Sign(own_, id_, agreement::Revocation{
      .ends = Ends::kManifest, .document = crypto::Sha256(AsBytes("another")), .reason = "no"});
  const std::string rejection =
      Sign(own_, id_, agreement::Rejection{.query = crypto::Sha256(AsBytes("another")), .reason = "no"});
  const std::string body = codec::WriteJson(codec::JsonObject{{"document", revocation}});
  for (const Reply& reply :
       {own_.Send({.method = net::HttpMethod::kDelete,
                   .target = claims_,
                   .fields = {{"Content-Type", "application/json"}},
                   .body = body}),
        own_.Post(environment_ + "/terminate", {{"document", revocation}}),
        own_.Post(query + "/reject", {{"reason", "no"}, {"document", rejection}})}) {
    EXPECT_EQ(reply.status, 400) << reply.body;
    EXPECT_NE(reply.Text("message").find("'document' is about something else"), std::string::npos) << reply.body;
  }
  EXPECT_EQ(LedgerSize(), size) << "nothing was recorded";
  EXPECT_EQ(Status(own_, claims_, "/dataset/status", {"available", "failed"}), "available");
}

// It is loaded when its charter is in force, if ever; until then the one before it holds, which is loaded.
TEST_F(OwnKeyTest, AManifestUnderAProposedCharterChangesNothingYet) {
  manifest_.charter = CharterNow(false);
  const Reply stored = own_.Post(upload_ + "/complete", {{"object", ObjectOf("good")}, {"document", Signed()}});
  ASSERT_EQ(stored.status, 200) << stored.body;
  ASSERT_EQ(Status(own_, claims_, "/dataset/status", {"available", "failed"}), "available");
  ASSERT_EQ(ada_.Send({.method = net::HttpMethod::kPut,
                       .target = environment_ + "/charter",
                       .fields = {{"Content-Type", "application/json"}, {"If-Match", "*"}},
                       .body = R"({"name":"next"})"}).status, 201);
  manifest_.charter = CharterNow(true);
  manifest_.version = 2;
  manifest_.previous_manifest = *codec::HexDecodeDigest(own_.Get(claims_).TextAt("/dataset/manifest"));
  const Reply renewed = own_.Post(claims_ + "/versions", {{"document", Signed()}});
  ASSERT_EQ(renewed.status, 200) << renewed.body;
  EXPECT_FALSE(renewed.json.as_object().contains("refused")) << renewed.body;
  EXPECT_EQ(renewed.TextAt("/dataset/status"), "available");
  EXPECT_EQ(own_.Get(claims_).At("/dataset/version").as_int64(), 1);
}

}  // namespace
}  // namespace cloister::control
