#include "control/store/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace cloister::control {
namespace {

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "cloister_store_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    Open();
  }
  ~StoreTest() override { std::filesystem::remove_all(folder_); }
  void Open() {
    store_.reset();
    auto store = Store::Open(path());
    ASSERT_TRUE(store.has_value()) << store.error().detail;
    store_ = *std::move(store);
  }
  std::string path() const { return folder_ / "cloister.db"; }

  UserRecord User(const std::string& email) {
    UserRecord user{UserId::New(clock_, rng_), email, "Ada", "Hospital", clock_.Now()};
    EXPECT_TRUE(store_->users.AddUser(user).has_value());
    return user;
  }
  ApiKeyRecord KeyOf(const UserId& user, const Digest256& hash) {
    return {.id = ApiKeyId::New(clock_, rng_),
            .hash = hash,
            .user = user,
            .name = "mine",
            .scopes = "read data",
            .prefix = "clo_pat_abcd",
            .created_at = clock_.Now(),
            .updated_at = clock_.Now(),
            .expires_at = {clock_.Now().unix_ms + 60'000},
            .last_used_at = std::nullopt};
  }
  EnvironmentRecord Environment() {
    EnvironmentRecord environment{.id = EnvironmentId::New(clock_, rng_),
                                  .name = "joint study",
                                  .description = "",
                                  .creator = User("creator@a.example").id,
                                  .provider = "local",
                                  .charter = "{}",
                                  .created_at = clock_.Now(),
                                  .updated_at = clock_.Now()};
    EXPECT_TRUE(store_->environments.Add(environment, {"b@b.example"}).has_value());
    return environment;
  }
  DatasetRecord Dataset() {
    DatasetRecord dataset{.id = DatasetId::New(clock_, rng_),
                          .environment = Environment().id,
                          .owner = "owner",
                          .name = "visits",
                          .schema = "[]",
                          .policy = "{}",
                          .format = "csv",
                          .created_at = clock_.Now(),
                          .updated_at = clock_.Now()};
    EXPECT_TRUE(store_->datasets.Add(dataset).has_value());
    return dataset;
  }
  UploadId OpenUpload(const DatasetId& dataset) {
    const UploadRecord upload{.id = UploadId::New(clock_, rng_),
                              .dataset = dataset,
                              .size_bytes = 8,
                              .part_size_bytes = 8,
                              .created_at = clock_.Now()};
    EXPECT_TRUE(store_->datasets.AddUpload(upload).has_value());
    return upload.id;
  }
  ledger::LogAppend Append(std::uint64_t before, std::vector<std::string> entries) {
    return {.size_before = before, .entries = std::move(entries), .checkpoint = "note", .seal = {7}};
  }

  FakeClock clock_;
  InsecureRngForTest rng_{1};
  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, SurvivesReopeningAndStaysPrivate) {
  const UserRecord user = User("a@a.example");
  Open();
  EXPECT_EQ(store_->users.FindUser(user.id)->value().email, "a@a.example");
  struct stat info {};
  ASSERT_EQ(stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(StoreTest, RefusesADatabaseOfANewerVersion) {
  store_.reset();
  {
    auto db = *Db::Open(path());
    ASSERT_TRUE(
        db->Transact([](Transaction& tx) { return tx.Run("UPDATE schema_version SET version = 99"); }).has_value());
  }
  EXPECT_EQ(Store::Open(path()).error().code, Code::kFailedPrecondition);
}

TEST_F(StoreTest, RefusesWhatIsNoDatabase) {
  store_.reset();
  std::filesystem::remove(path());
  FILE* file = std::fopen(path().c_str(), "w");
  std::fputs(std::string(4096, 'x').c_str(), file);
  std::fclose(file);
  EXPECT_EQ(Store::Open(path()).error().code, Code::kDataLoss);
}

TEST_F(StoreTest, KeepsUsersApartByEmail) {
  User("a@a.example");
  const UserRecord again{UserId::New(clock_, rng_), "a@a.example", "", "", clock_.Now()};
  EXPECT_EQ(store_->users.AddUser(again).error().code, Code::kConflict);
  EXPECT_FALSE(store_->users.FindUserByEmail("b@b.example")->has_value());
}

TEST_F(StoreTest, ForgetsAnApiKeyWhenItExpires) {
  const UserRecord user = User("a@a.example");
  const Digest256 hash{1};
  ASSERT_TRUE(store_->users.AddApiKey(KeyOf(user.id, hash)).has_value());
  EXPECT_EQ(store_->users.FindUserByApiKey(hash, clock_.Now())->value().user.id, user.id);
  EXPECT_FALSE(store_->users.FindUserByApiKey({2}, clock_.Now())->has_value());
  clock_.Advance(60'000);
  EXPECT_FALSE(store_->users.FindUserByApiKey(hash, clock_.Now())->has_value());
}

TEST_F(StoreTest, GivesAUserOneParticipantKey) {
  const UserRecord user = User("a@a.example");
  const auto signer = crypto::Ed25519Signer::Generate(rng_);
  ParticipantKeyRecord key{.thumbprint = signer.public_key().Thumbprint(),
                           .user = user.id,
                           .public_key = signer.public_key(),
                           .recipient = "age1x",
                           .custody = KeyCustody::kServer,
                           .sealed_secrets = Bytes{1, 2, 3},
                           .created_at = clock_.Now()};
  ASSERT_TRUE(store_->users.AddParticipantKey(key).has_value());
  const auto found = store_->users.FindParticipantKey(user.id)->value();
  EXPECT_EQ(found.public_key, key.public_key);
  EXPECT_EQ(found.custody, KeyCustody::kServer);
  EXPECT_EQ(found.sealed_secrets, key.sealed_secrets);
  key.thumbprint = "other";
  EXPECT_EQ(store_->users.AddParticipantKey(key).error().code, Code::kConflict);
}

TEST_F(StoreTest, AppendsToALedgerOnlyAtItsEnd) {
  const EnvironmentId id = Environment().id;
  EXPECT_FALSE(store_->ledgers.Head(id)->has_value());
  ASSERT_TRUE(store_->ledgers.Append(id, Append(0, {"a", "b"})).has_value());
  EXPECT_EQ(store_->ledgers.Append(id, Append(0, {"c"})).error().code, Code::kConflict);
  EXPECT_EQ(store_->ledgers.Append(id, Append(3, {"c"})).error().code, Code::kConflict);
  ASSERT_TRUE(store_->ledgers.Append(id, Append(2, {"c"})).has_value());
  EXPECT_EQ(*store_->ledgers.Read(id, 1, 256), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(store_->ledgers.Head(id)->value().size, 3u);
  EXPECT_EQ(store_->ledgers.Read(id, 0, 257).error().code, Code::kInvalidArgument);
  EXPECT_EQ(store_->ledgers.Append(id, Append(3, {})).error().code, Code::kInvalidArgument);
}

TEST_F(StoreTest, RemembersEnvironments) {
  const EnvironmentRecord environment = Environment();
  ASSERT_TRUE(store_->environments.SetLifecycle(environment.id, Lifecycle::kFailed, "gone", clock_.Now()).has_value());
  ASSERT_TRUE(store_->environments.SetRecoveryBlob(environment.id, Bytes{9}, clock_.Now()).has_value());
  const auto found = store_->environments.Find(environment.id)->value();
  EXPECT_EQ(found.lifecycle, Lifecycle::kFailed);
  EXPECT_EQ(found.error, "gone");
  EXPECT_EQ(found.recovery_blob, Bytes{9});
  EXPECT_EQ(*store_->environments.Invited(environment.id), std::vector<std::string>{"b@b.example"});
  ASSERT_TRUE(store_->environments.RemoveInvitation(environment.id, "b@b.example").has_value());
  EXPECT_TRUE(store_->environments.Invited(environment.id)->empty());
}

TEST_F(StoreTest, KeepsUploadsAndTheirParts) {
  DatasetRecord dataset = Dataset();
  const UploadRecord upload{.id = UploadId::New(clock_, rng_),
                            .dataset = dataset.id,
                            .size_bytes = 10,
                            .part_size_bytes = 8,
                            .created_at = clock_.Now()};
  ASSERT_TRUE(store_->datasets.AddUpload(upload).has_value());
  ASSERT_TRUE(store_->datasets.PutPart(upload.id, {.part = 2, .size_bytes = 2, .digest = {1}}, {1}).has_value());
  ASSERT_TRUE(store_->datasets.PutPart(upload.id, {.part = 1, .size_bytes = 7, .digest = {2}}, {1}).has_value());
  ASSERT_TRUE(store_->datasets.PutPart(upload.id, {.part = 1, .size_bytes = 8, .digest = {3}}, {1}).has_value());
  const auto parts = *store_->datasets.Parts(upload.id);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].size_bytes, 8u);
  EXPECT_EQ(*store_->datasets.OpenUploads(dataset.id), 1);
  EXPECT_FALSE(store_->datasets.FindObject(dataset.id, {{1}, 10, {2}})->has_value());
  ASSERT_TRUE(store_->datasets.CompleteUpload(upload.id, {{1}, 10, {2}}, {1}).has_value());
  EXPECT_EQ(*store_->datasets.OpenUploads(dataset.id), 0);
  EXPECT_EQ(store_->datasets.FindUpload(upload.id)->value().object->length_bytes, 10u);
  EXPECT_EQ(store_->datasets.FindObject(dataset.id, {{1}, 10, {2}})->value(), upload.id);
  const agreement::SealedObjectRef others[] = {{{2}, 10, {2}}, {{1}, 9, {2}}, {{1}, 10, {3}}};
  for (const auto& other : others) EXPECT_FALSE(store_->datasets.FindObject(dataset.id, other)->has_value());
  EXPECT_EQ(store_->datasets.NewestFile(dataset.id)->value().length_bytes, 10u);
  dataset.id = DatasetId::New(clock_, rng_);
  EXPECT_EQ(store_->datasets.Add(dataset).error().code, Code::kConflict);
}

// What was not there to be changed is said, never passed over.
TEST_F(StoreTest, AnUploadThatIsNotOpenTakesNothing) {
  const DatasetRecord dataset = Dataset();
  DatasetStore& uploads = store_->datasets;
  const UploadPart part{.part = 1, .size_bytes = 8, .digest = {1}};
  const UploadId gone = OpenUpload(dataset.id), first = OpenUpload(dataset.id), second = OpenUpload(dataset.id);
  ASSERT_TRUE(uploads.RemoveUpload(gone).has_value());
  EXPECT_EQ(uploads.CompleteUpload(gone, {{1}, 8, {2}}, {1}).error().code, Code::kConflict);
  EXPECT_EQ(uploads.PutPart(gone, part, {1}).error().code, Code::kConflict);
  // The one that was complete last is the newest, whichever began first.
  ASSERT_TRUE(uploads.CompleteUpload(second, {{2}, 8, {2}}, {1}).has_value());
  ASSERT_TRUE(uploads.CompleteUpload(first, {{3}, 8, {2}}, {1}).has_value());
  EXPECT_EQ(uploads.NewestFile(dataset.id)->value().header_digest, Digest256{3});
  EXPECT_EQ(uploads.CompleteUpload(second, {{4}, 8, {2}}, {1}).error().code, Code::kConflict);
  EXPECT_EQ(uploads.PutPart(second, part, {1}).error().code, Code::kConflict);
  ASSERT_TRUE(uploads.WithdrawUpload(first).has_value());
  EXPECT_EQ(uploads.NewestFile(dataset.id)->value().header_digest, Digest256{2});
  EXPECT_FALSE(uploads.FindUpload(first)->value().object.has_value());
}

// Whatever else says of itself that it is this object, before or after it: the one that was complete first stays it.
TEST_F(StoreTest, NobodyTakesAnObjectsPlace) {
  const DatasetRecord dataset = Dataset();
  DatasetStore& uploads = store_->datasets;
  const UploadId first = OpenUpload(dataset.id), second = OpenUpload(dataset.id), third = OpenUpload(dataset.id);
  const agreement::SealedObjectRef object{{1}, 8, {2}};
  ASSERT_TRUE(uploads.CompleteUpload(second, object, {1}).has_value());
  ASSERT_TRUE(uploads.CompleteUpload(first, object, {1}).has_value());
  ASSERT_TRUE(uploads.CompleteUpload(third, {{1}, 8, {3}}, {1}).has_value());
  EXPECT_EQ(uploads.FindObject(dataset.id, object)->value(), second);
  EXPECT_EQ(uploads.FindObject(dataset.id, {{1}, 8, {3}})->value(), third);
}

TEST_F(StoreTest, KeepsOneResultPerQuery) {
  const EnvironmentRecord environment = Environment();
  const QueryLabel label{.id = QueryId::New(clock_, rng_),
                         .environment = environment.id,
                         .submitter = "who",
                         .name = "visits by plan",
                         .created_at = clock_.Now(),
                         .updated_at = clock_.Now()};
  ASSERT_TRUE(store_->queries.AddLabel(label).has_value());
  ASSERT_TRUE(store_->queries.AddLabel(label).has_value());
  EXPECT_EQ(store_->queries.LabelsIn(environment.id)->size(), 1u);
  const JobLease mine{.owner = "a", .until = {clock_.Now().unix_ms + 60'000}};
  const JobLease other{.owner = "b", .until = mine.until};
  EXPECT_TRUE(store_->queries.BeginJob(label.id, mine, clock_.Now()).value());
  EXPECT_FALSE(store_->queries.BeginJob(label.id, other, clock_.Now()).value());  // the lease is another's
  ASSERT_TRUE(store_->queries.SetCancelAsked(label.id, true, clock_.Now()).has_value());
  EXPECT_FALSE(store_->queries.BeginJob(label.id, mine, clock_.Now()).value());  // it is taken back
  ASSERT_TRUE(store_->queries.SetCancelAsked(label.id, false, clock_.Now()).has_value());
  EXPECT_TRUE(store_->queries.BeginJob(label.id, mine, clock_.Now()).value());
  EXPECT_EQ(store_->queries.RunningJobsIn(environment.id)->size(), 1u);
  ASSERT_TRUE(store_->queries.EndJob(label.id, JobStatus::kFailed, "CANCELLED", clock_.Now()).has_value());
  EXPECT_TRUE(store_->queries.RunningJobsIn(environment.id)->empty());
  EXPECT_EQ(store_->queries.FindJob(label.id)->value().attempts, 2);
  EXPECT_EQ(store_->queries.FindJob(label.id)->value().code, "CANCELLED");
  ResultRecord result{.id = ResultId::New(clock_, rng_),
                      .query = label.id,
                      .blob = "first",
                      .size_bytes = 5,
                      .format = "json",
                      .receipt = "r",
                      .release_entry = 9,
                      .created_at = clock_.Now()};
  EXPECT_FALSE(store_->ledgers.Append(environment.id, Append(1, {"release"}), result).has_value());
  EXPECT_FALSE(store_->queries.ResultOf(label.id)->has_value()) << "the row without its entry";
  ASSERT_TRUE(store_->ledgers.Append(environment.id, Append(0, {"release"}), result).has_value());
  result.id = ResultId::New(clock_, rng_);
  result.blob = "second";
  EXPECT_FALSE(store_->ledgers.Append(environment.id, Append(1, {"release"}), result).has_value());
  EXPECT_EQ(store_->ledgers.Head(environment.id)->value().size, 1u) << "the entry without its row";
  EXPECT_EQ(store_->queries.ResultOf(label.id)->value().blob, "first");
}

TEST_F(StoreTest, KeepsLinksBeforeTheyAreSent) {
  const EnvironmentId id = Environment().id;
  EXPECT_FALSE(store_->custody.LastLink(id, "who")->has_value());
  ASSERT_TRUE(store_->custody.AddLink(id, "who", {.seq = 1, .digest = {1}, .document = "one"}).has_value());
  ASSERT_TRUE(store_->custody.AddLink(id, "who", {.seq = 2, .digest = {2}, .document = "two"}).has_value());
  EXPECT_EQ(store_->custody.AddLink(id, "who", {.seq = 2, .digest = {3}, .document = "x"}).error().code,
            Code::kConflict);
  EXPECT_EQ(store_->custody.LastLink(id, "who")->value().document, "two");
  ASSERT_TRUE(store_->custody.AddLink(id, "who", {.seq = 3, .digest = {3}, .document = "three", .note = "request"}));
  EXPECT_EQ(store_->custody.FindLink(id, "who", "request")->value().document, "three");
  EXPECT_FALSE(store_->custody.FindLink(id, "who", "another")->has_value());
  EXPECT_FALSE(store_->custody.FindLink(id, "somebody", "request")->has_value());
  const auto three = *store_->custody.LastLink(id, "who");
  ASSERT_TRUE(store_->custody.AddLink(id, "who", {.seq = 3, .digest = {4}, .document = "no"}, three).has_value());
  EXPECT_EQ(store_->custody.LastLink(id, "who")->value().document, "no");
  EXPECT_FALSE(store_->custody.FindLink(id, "who", "request")->has_value());
  EXPECT_EQ(store_->custody.FindGivenUp(id, "who", "request")->value(), Digest256{3});
  EXPECT_FALSE(store_->custody.FindGivenUp(id, "somebody", "request")->has_value());
  ASSERT_TRUE(store_->custody.RemoveLink(id, "who", 3).has_value());
  ASSERT_TRUE(store_->custody.RemoveLink(id, "who", 2).has_value());
  EXPECT_EQ(store_->custody.LastLink(id, "who")->value().document, "one");
  ASSERT_TRUE(store_->custody.SetView(id, "who", {.size = 3, .root = {4}}).has_value());
  ASSERT_TRUE(store_->custody.SetView(id, "who", {.size = 5, .root = {6}}).has_value());
  EXPECT_EQ(store_->custody.View(id, "who")->value(), (agreement::LedgerPoint{.size = 5, .root = {6}}));
}

}  // namespace
}  // namespace cloister::control
