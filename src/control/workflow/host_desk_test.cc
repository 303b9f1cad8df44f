// What a host lets an enclave do, and what not.
#include "control/workflow/host_desk.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "agreement/enclave_documents.h"
#include "codec/text.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
#include "ledger/entry.h"
#include "sealing/blob_store.h"

namespace cloister::control {
namespace {

class HostDeskTest : public testing::Test {
 protected:
  HostDeskTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "cloister_desk_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    store_ = *Store::Open(folder_ / "cloister.db");
    mine_ = AddEnvironment();
    desk_.emplace(HostDesk::Parts{*mine_, *store_, blobs_, [this](const ledger::LogAppend&) { ++appends_; }});
  }
  ~HostDeskTest() override { std::filesystem::remove_all(folder_); }

  EnvironmentId AddEnvironment() {
    const auto id = EnvironmentId::New(clock_, rng_);
    const UserRecord user{UserId::New(clock_, rng_), id.str(), "", "", clock_.Now()};
    EXPECT_TRUE(store_->users.AddUser(user));
    EXPECT_TRUE(store_->environments.Add({.id = id,
                                          .name = "x",
                                          .description = "",
                                          .creator = user.id,
                                          .provider = "local",
                                          .charter = "{}",
                                          .created_at = clock_.Now(),
                                          .updated_at = clock_.Now()},
                                         {}));
    return id;
  }
  // A dataset with one stored object whose age header has digest {9}.
  DatasetId AddDataset(const EnvironmentId& environment) {
    const auto id = DatasetId::New(clock_, rng_);
    const auto upload = UploadId::New(clock_, rng_);
    EXPECT_TRUE(store_->datasets.Add({.id = id,
                                      .environment = environment,
                                      .owner = "o",
                                      .name = "d",
                                      .description = "",
                                      .schema = "[]",
                                      .policy = "{}",
                                      .format = "csv",
                                      .created_at = clock_.Now(),
                                      .updated_at = clock_.Now()}));
    EXPECT_TRUE(store_->datasets.AddUpload({.id = upload,
                                            .dataset = id,
                                            .size_bytes = 6,
                                            .part_size_bytes = 6,
                                            .object = {},
                                            .created_at = clock_.Now()}));
    EXPECT_TRUE(blobs_.WriteDraft(upload.str(), 0, AsBytes("sealed")));
    EXPECT_TRUE(blobs_.Publish(upload.str(), 6));
    EXPECT_TRUE(store_->datasets.CompleteUpload(upload, {{9}, 6, {1}}, {1}));
    return id;
  }
  Result<net::ChannelAnswer> Ask(const char* method, codec::JsonObject params, std::string_view body = "") {
    return desk_->Handle({.method = method, .params = codec::Json(std::move(params)), .body = ToBytes(body)});
  }
  Result<net::ChannelAnswer> Put(const QueryId& id, int offset, std::string_view body) {
    return Ask("put_result", {{"query", id.str()}, {"offset", offset}}, body);
  }
  QueryId AddQuery() {
    const auto id = QueryId::New(clock_, rng_);
    EXPECT_TRUE(store_->queries.AddLabel({.id = id,
                                          .environment = *mine_,
                                          .submitter = "who",
                                          .name = "q",
                                          .description = "",
                                          .created_at = clock_.Now(),
                                          .updated_at = clock_.Now()}));
    return id;
  }
  // Of the shape of a receipt: the desk compares digests and reads no further.
  std::string SomeReceipt(const char* says) {
    return *crypto::SignJws(crypto::Ed25519Signer::Generate(rng_), agreement::kReceiptTyp, {{"says", says}});
  }
  std::string ReleaseText(std::string_view result) {
    return *ledger::EncodeEntry({.time = {},
                                 .body = ledger::ReleaseEntry{.query = {1},
                                                              .receipt = *crypto::JwsDigest(receipt_),
                                                              .result = crypto::Sha256(AsBytes(result)),
                                                              .guard_state = std::nullopt,
                                                              .answer = std::nullopt}});
  }
  Result<net::ChannelAnswer> AppendWith(codec::JsonArray entries, int size, const QueryId& query,
                                        const std::string& receipt) {
    return Ask("append", {{"size", size},
                          {"entries", std::move(entries)},
                          {"checkpoint", "note"},
                          {"seal", std::string(64, 'a')},
                          {"handover", {{"query", query.str()}, {"receipt", receipt}, {"format", "json"}}}});
  }
  Result<net::ChannelAnswer> Release(const QueryId& query, std::string_view result, int size) {
    return AppendWith({ReleaseText(result)}, size, query, receipt_);
  }
  Code CodeOf(const Result<net::ChannelAnswer>& answer) { return answer ? Code::kInternal : answer.error().code; }

  FakeClock clock_;
  InsecureRngForTest rng_{1};
  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
  sealing::InMemoryBlobStore blobs_;
  std::optional<EnvironmentId> mine_;
  std::optional<HostDesk> desk_;
  int appends_ = 0;
  std::string receipt_ = SomeReceipt("released");
};

TEST_F(HostDeskTest, AppendsInOrderAndReadsBack) {
  const std::string seal(64, 'a');
  const auto append = [&](int size, codec::JsonArray entries) {
    return Ask("append", {{"size", size}, {"entries", std::move(entries)}, {"checkpoint", "note"}, {"seal", seal}});
  };
  ASSERT_TRUE(append(0, {"one", "two"}));
  EXPECT_EQ(CodeOf(append(0, {"three"})), Code::kConflict);
  EXPECT_EQ(CodeOf(append(2, {})), Code::kInvalidArgument);
  EXPECT_EQ(appends_, 1);
  const auto read = Ask("read_entries", {{"from", 1}, {"count", 256}});
  EXPECT_EQ(codec::WriteJson(codec::Json(read->head)), R"({"entries":["two"]})");
  EXPECT_EQ(CodeOf(Ask("read_entries", {{"from", 0}, {"count", 257}})), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf(Ask("read_files", {})), Code::kInvalidArgument);
}

TEST_F(HostDeskTest, ReadsObjectsOfItsOwnEnvironmentOnly) {
  const DatasetId own = AddDataset(*mine_);
  const DatasetId other = AddDataset(AddEnvironment());
  const auto read = [&](const DatasetId& id, Digest256 header) {
    const agreement::SealedObjectRef object{.header_digest = header, .length_bytes = 6, .root = {1}};
    return Ask("read_object",
               {{"dataset", id.str()}, {"object", agreement::EncodeObjectRef(object)}, {"offset", 2}, {"length", 3}});
  };
  EXPECT_EQ(AsText(read(own, {9})->body), "ale");
  EXPECT_EQ(CodeOf(read(own, {8})), Code::kNotFound);
  EXPECT_EQ(CodeOf(read(other, {9})), Code::kNotFound);
  EXPECT_EQ(CodeOf(read(DatasetId::New(clock_, rng_), {9})), Code::kNotFound);
}

TEST_F(HostDeskTest, TakesTheResultOfTheRunningQueryInOrder) {
  const QueryId query = QueryId::New(clock_, rng_);
  EXPECT_EQ(CodeOf(Put(query, 0, "abc")), Code::kFailedPrecondition);
  ASSERT_TRUE(desk_->ExpectResult(query, ResultId::New(clock_, rng_)));
  EXPECT_EQ(CodeOf(Put(QueryId::New(clock_, rng_), 0, "abc")), Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf(Put(query, 1, "abc")), Code::kInvalidArgument);
  ASSERT_TRUE(Put(query, 0, "abc"));
  ASSERT_TRUE(Put(query, 3, "def"));
  EXPECT_EQ(CodeOf(Put(query, 3, "def")), Code::kInvalidArgument);
  EXPECT_EQ(AsText(*blobs_.ReadDraft(ResultBlobName(query), 0, 10)), "abcdef");
  desk_->StopExpecting();
  EXPECT_EQ(CodeOf(Put(query, 6, "ghi")), Code::kFailedPrecondition);
  EXPECT_FALSE(blobs_.ReadDraft(ResultBlobName(query), 0, 10)) << "bytes that no receipt came for";
}

TEST_F(HostDeskTest, KeepsAReleaseWithItsBytesAndReceiptOrNotAtAll) {
  const QueryId query = AddQuery();
  const ResultId id = ResultId::New(clock_, rng_);
  EXPECT_EQ(CodeOf(Release(query, "sealed", 0)), Code::kDataLoss) << "no bytes came";
  ASSERT_TRUE(desk_->ExpectResult(query, id));
  ASSERT_TRUE(Put(query, 0, "other!"));
  EXPECT_EQ(CodeOf(Release(query, "sealed", 0)), Code::kDataLoss) << "other bytes came";

  ASSERT_TRUE(desk_->ExpectResult(query, id));
  ASSERT_TRUE(Put(query, 0, "sealed"));
  EXPECT_EQ(CodeOf(Release(query, "sealed", 7)), Code::kConflict) << "the blob is there, and nothing names it";
  EXPECT_FALSE(store_->queries.ResultOf(query)->has_value());

  ASSERT_TRUE(desk_->ExpectResult(query, id));
  ASSERT_TRUE(Put(query, 0, "sealed"));
  ASSERT_TRUE(Release(query, "sealed", 0));
  const auto kept = store_->queries.ResultOf(query)->value();
  EXPECT_EQ(kept.id, id);
  EXPECT_EQ(kept.receipt, receipt_);
  EXPECT_EQ(kept.release_entry, 0u);
  EXPECT_EQ(AsText(*blobs_.Read(kept.blob, 0, 10)), "sealed");
  EXPECT_EQ(appends_, 1);
}

TEST_F(HostDeskTest, AHandoverGoesWithOneReleaseOfThatReceipt) {
  const QueryId query = AddQuery();
  const auto refused = [&](codec::JsonArray entries, const std::string& receipt) {
    EXPECT_TRUE(desk_->ExpectResult(query, ResultId::New(clock_, rng_)));
    EXPECT_TRUE(Put(query, 0, "sealed"));
    EXPECT_EQ(CodeOf(AppendWith(std::move(entries), 0, query, receipt)), Code::kDataLoss);
  };
  refused({ReleaseText("sealed")}, SomeReceipt("another"));
  refused({ReleaseText("sealed"), ReleaseText("sealed")}, receipt_);
  refused({*ledger::EncodeEntry({.time = {}, .body = ledger::LinkEntry{.jws = receipt_}})}, receipt_);
  EXPECT_FALSE(store_->ledgers.Head(*mine_)->has_value());
}

}  // namespace
}  // namespace cloister::control
