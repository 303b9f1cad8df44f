// Datasets, uploads, queries, results: from a sealed file to an opened answer.
#include "control/rest/work_for_test.h"
#include "ledger/audit.h"

namespace cloister::control {
namespace {

TEST_F(WorkTest, RegistersDatasetsStrictly) {
  Register(ada_, "visits");
  EXPECT_EQ(bob_.Post(environment_ + "/datasets", Registration("visits")).status, 409);
  EXPECT_EQ(ada_.Post(environment_ + "/datasets", Registration("Visits")).status, 409);  // the same name for SQL
  EXPECT_EQ(ada_.Post(environment_ + "/datasets", Registration("!")).status, 400);
  codec::JsonObject bad_policy = Registration("other");
  bad_policy["policy"] = {{"privacy_unit", "nobody"}};
  EXPECT_EQ(ada_.Post(environment_ + "/datasets", bad_policy).status, 400);
  codec::JsonObject bad_format = Registration("other");
  bad_format["format"] = "xlsx";
  EXPECT_EQ(ada_.Post(environment_ + "/datasets", bad_format).status, 400);
  const Reply list = bob_.Get(environment_ + "/datasets");
  EXPECT_EQ(list.TextAt("/datasets/0/status"), "uploading");
  EXPECT_EQ(list.TextAt("/datasets/0/owner_email"), "ada@hospital.example");
}

TEST_F(WorkTest, TakesPartsInAnyOrderAndAgain) {
  const std::string dataset = Register(ada_, "visits");
  const std::string file = std::string(8 << 20, 'x') + "tail";
  const Reply begun = ada_.Post(dataset + "/uploads", {{"size_bytes", file.size()}});
  const std::string upload = dataset + "/uploads/" + begun.TextAt("/upload/id");
  const std::string first = file.substr(0, 8 << 20);
  EXPECT_EQ(begun.At("/upload/part_size_bytes").as_int64(), 8 << 20);
  EXPECT_EQ(ada_.Put(upload + "/parts/2", "tail", ContentDigest("tail")).status, 200);
  EXPECT_EQ(ada_.Post(upload + "/complete", {{"object", ObjectOf(file)}}).status, 409);
  EXPECT_EQ(ada_.Put(upload + "/parts/1", first, ContentDigest("another")).status, 400);
  EXPECT_EQ(ada_.Put(upload + "/parts/1", "short", ContentDigest("short")).status, 400);
  EXPECT_EQ(ada_.Put(upload + "/parts/3", "tail", ContentDigest("tail")).status, 400);
  EXPECT_EQ(ada_.Put(upload + "/parts/0", "tail", ContentDigest("tail")).status, 400);
  EXPECT_EQ(ada_.Put(upload + "/parts/2", "tail", "").status, 400);
  EXPECT_EQ(bob_.Put(upload + "/parts/2", "tail", ContentDigest("tail")).status, 403);
  EXPECT_EQ(eve_.Put(upload + "/parts/2", "tail", ContentDigest("tail")).status, 404);
  EXPECT_EQ(ada_.Get(upload).At("/upload/parts").as_array().size(), 1u);
  EXPECT_EQ(ada_.Put(upload + "/parts/1", first, ContentDigest(first)).status, 200);
  EXPECT_EQ(ada_.Put(upload + "/parts/1", first, ContentDigest(first)).status, 200);
  EXPECT_EQ(ada_.Post(upload + "/complete", {{"object", ObjectOf("another length")}}).status, 409);
  EXPECT_EQ(bob_.Post(upload + "/complete", {{"object", ObjectOf(file)}}).status, 403);
}

TEST_F(WorkTest, BoundsUnfinishedUploads) {
  const std::string dataset = Register(ada_, "visits");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ada_.Post(dataset + "/uploads", {{"size_bytes", 5}}).status, 201);
  const Reply refused = ada_.Post(dataset + "/uploads", {{"size_bytes", 5}});
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.retry_after_s, -1);  // no time mends it
  EXPECT_EQ(ada_.Post(dataset + "/uploads", {{"size_bytes", 0}}).status, 400);
}

TEST_F(WorkTest, ADatasetBecomesAvailableWhenTheEnclaveHasLoadedIt) {
  const std::string dataset = Publish(ada_, "visits");
  EXPECT_EQ(Status(bob_, dataset, "/dataset/status", {"available"}), "available");
  EXPECT_EQ(bob_.Get(dataset).At("/dataset/version").as_int64(), 1);
  EXPECT_EQ(eve_.Get(dataset).status, 404);
}

TEST_F(WorkTest, AManifestThatIsNotTakenLeavesTheDatasetAsItWas) {
  const std::string dataset = Publish(ada_, "visits");
  ASSERT_EQ(Status(ada_, dataset, "/dataset/status", {"available"}), "available");
  const std::string upload =
      dataset + "/uploads/" + ada_.Post(dataset + "/uploads", {{"size_bytes", 11}}).TextAt("/upload/id");
  ASSERT_EQ(ada_.Put(upload + "/parts/1", "eleven more", ContentDigest("eleven more")).status, 200);
  const Reply refused =
      ada_.Post(upload + "/complete", {{"object", ObjectOf("eleven more")}, {"document", "no.link.atall"}});
  EXPECT_EQ(refused.status, 400) << refused.body;
  EXPECT_EQ(ada_.Get(dataset).TextAt("/dataset/status"), "available");
  EXPECT_EQ(ada_.Post(dataset + "/mark-available").status, 200);
}

TEST_F(WorkTest, ADatasetThatDoesNotLoadSaysWhy) {
  provider_.behaviour.fails_to_load = true;
  const std::string dataset = Publish(ada_, "visits");
  EXPECT_EQ(Status(ada_, dataset, "/dataset/status", {"failed"}), "failed");
  EXPECT_EQ(ada_.Get(dataset).TextAt("/dataset/error_message"), "line 3 has too few columns");
}

// A database that cannot be written to: what the enclave said is said again when it can.
TEST_F(WorkTest, AVerdictThatIsNotKeptIsAskedForAgain) {
  const auto db = *Db::Open(folder_ / "cloister.db");
  const auto run = [&](std::string_view sql) {
    return db->Transact([&](Transaction& tx) { return tx.Run(sql); }).has_value();
  };
  ASSERT_TRUE(run("CREATE TRIGGER broken BEFORE UPDATE ON datasets WHEN NEW.status = 'available' BEGIN "
                  "SELECT RAISE(FAIL, 'broken'); END"));
  const std::string dataset = Publish(ada_, "visits");
  const std::int64_t due_ms = clock_.MonotonicMs() + 20'000;
  while (provider_.behaviour.loads < 2 && clock_.MonotonicMs() < due_ms) std::this_thread::yield();
  EXPECT_GE(provider_.behaviour.loads, 2);
  EXPECT_EQ(ada_.Get(dataset).TextAt("/dataset/status"), "encrypted");
  ASSERT_TRUE(run("DROP TRIGGER broken"));
  EXPECT_EQ(Status(ada_, dataset, "/dataset/status", {"available"}), "available");
}

TEST_F(WorkTest, ChecksByAskingTheCompiler) {
  Publish(ada_, "visits");
  const Reply reply = ada_.Post(environment_ + "/queries/check", {{"query_text", "SELECT 1"}});
  EXPECT_EQ(reply.Text("verdict"), "accepted");
  EXPECT_TRUE(reply.At("/violations").as_array().empty());
  const codec::Json asked = codec::ParseJson(checker_.last_request).value();
  EXPECT_EQ(asked.at("analyst").at("thumbprint").as_string(), ada_.thumbprint);
  EXPECT_EQ(asked.at("datasets").as_array().size(), 1u);
  checker_.answer = R"({"verdict":"refused","findings":[{"rule":"R05"}]})";
  const Reply refused = ada_.Post(environment_ + "/queries/check", {{"query_text", "SELECT 1"}});
  EXPECT_EQ(refused.TextAt("/violations/0/rule"), "R05");
  EXPECT_FALSE(refused.json.as_object().contains("findings"));
  EXPECT_EQ(ada_.Post(environment_ + "/queries/check",
                      {{"query_text", "SELECT 1"}, {"accesses_datasets", {"nothing"}}}).status, 404);
}

TEST_F(WorkTest, RunsWhatItsOwnersApproved) {
  const std::string query = ApprovedQuery();
  EXPECT_EQ(Status(ada_, query, "/query/status", {"completed", "error"}), "completed");
  const Reply results = ada_.Get(query + "/results");
  EXPECT_EQ(results.At("/results/0/result_data/rows/0/0").as_int64(), 42);
  const auto session = fleet_->Find(*EnvironmentId::Parse(ada_.Get(query).TextAt("/query/environment")));
  EXPECT_TRUE(session->Look([&](const auto& state) { return ledger::CheckReceipt(state, results.Text("receipt")); }));
  const std::string download = query + "/results/" + results.TextAt("/results/0/id") + "/download";
  const Reply sealed = bob_.Send({.target = download, .fields = {{"Accept", "application/octet-stream"}}});
  EXPECT_EQ(codec::HexEncode(crypto::Sha256(AsBytes(sealed.body))), results.TextAt("/results/0/digest"));
  const Reply opened = Anonymous().Get(bob_.Get(download).Text("download_url"));
  EXPECT_EQ(opened.At("/rows/0/0").as_int64(), 42);
  EXPECT_EQ(bob_.Get(query + "/receipt").At("/approvals").as_array().size(), 2u);
  EXPECT_EQ(bob_.Get(query + "/report").status, 200);
  for (const char* more : {"", "/results", "/receipt", "/report"})
    EXPECT_EQ(eve_.Get(query + more).status, 404) << more;
  for (const char* more : {"/approve", "/cancel"}) EXPECT_EQ(eve_.Post(query + more).status, 404) << more;
}

// The numbers come again, so the check counts a run and nothing of the budget.
TEST_F(WorkTest, ACheckKnowsWhatWasPaidFor) {
  const std::string query = ApprovedQuery();
  ASSERT_EQ(Status(ada_, query, "/query/status", {"completed", "error"}), "completed");
  const codec::Json shown = ada_.Get(query).At("/query");
  const auto dataset = std::string(shown.at_pointer("/charges/0/dataset").as_string());
  const auto check = [&](std::string_view plan) {
    checker_.answer = codec::WriteJson(codec::JsonObject{
        {"verdict", "accepted"},
        {"plan", plan},
        {"charges", codec::JsonArray{{{"dataset", dataset}, {"runs", 1}, {"epsilon", 0.5}, {"delta", 0}}}}});
    return ada_.Post(environment_ + "/queries/check", {{"query_text", "SELECT 1"}});
  };
  const Reply again = check(shown.at("plan").as_string());
  ASSERT_EQ(again.status, 200) << again.body;
  EXPECT_TRUE(again.At("/answered_before").as_bool());
  EXPECT_EQ(again.At("/charges/0/epsilon").to_number<double>(), 0);
  EXPECT_EQ(again.TextAt("/budgets/0/table_name"), "visits");
  const Reply other = check(std::string(64, 'a'));
  EXPECT_FALSE(other.At("/answered_before").as_bool());
  EXPECT_EQ(other.At("/charges/0/epsilon").to_number<double>(), 0.5);
}

TEST_F(WorkTest, GivesResultsToTheirRecipientsOnly) {
  const std::string query = ApprovedQuery({{"recipients", {"Ada@Hospital.example"}}});
  EXPECT_EQ(Status(ada_, query, "/query/status", {"completed", "error"}), "completed");
  const Reply results = ada_.Get(query + "/results");
  const std::string download = query + "/results/" + results.TextAt("/results/0/id") + "/download";
  EXPECT_EQ(bob_.Get(query + "/results").status, 403);
  EXPECT_EQ(bob_.Get(download).status, 403);
  EXPECT_EQ(ada_.Get(download).status, 200);
  // A signed URL holds as it is, and only so.
  const std::string url = results.TextAt("/results/0/download_url");
  const Reply file = Anonymous().Get(url);
  EXPECT_EQ(file.status, 200);
  EXPECT_EQ(results.At("/results/0/file_size_bytes").to_number<std::size_t>(), file.body.size());
  EXPECT_EQ(Anonymous().Get(url + "x").status, 404);
  EXPECT_EQ(Anonymous().Get(url.substr(0, url.find('?'))).status, 404);
  const std::size_t expires = url.find("expires=") + 8;
  EXPECT_EQ(Anonymous().Get(url.substr(0, expires) + "9" + url.substr(expires)).status, 404);
}

TEST_F(WorkTest, ADecisionIsAChangeOfTheQuery) {
  Publish(ada_, "visits");
  Publish(bob_, "claims");
  const Reply submitted = SubmitQuery(ada_);
  const std::string query = "/api/tee/queries/" + submitted.TextAt("/query/id");
  for (const char* decision : {"/approve", "/cancel"}) {
    const std::string before = ada_.Get(query).TextAt("/query/updated_at");
    AwaitSecondAfter(before);
    EXPECT_GT(ada_.Post(query + decision).TextAt("/query/updated_at"), before) << decision;
    EXPECT_GT(ada_.Get(query).TextAt("/query/updated_at"), before) << decision;
  }
}

TEST_F(WorkTest, KeepsNoResultThatItsReceiptDoesNotName) {
  provider_.behaviour.puts_other_result = true;
  const std::string query = ApprovedQuery();
  EXPECT_EQ(Status(ada_, query, "/query/status", {"completed", "error"}), "error");
  EXPECT_NE(ada_.Get(query).TextAt("/query/phase"), "released");
  EXPECT_GE(provider_.starts, 3) << "each attempt broke an enclave's ledger, and the next boot went on";
  EXPECT_EQ(ada_.Get(query + "/results").status, 404);
}

TEST_F(WorkTest, RunsAgainWhenTheEnclaveEndedUnderIt) {
  provider_.behaviour.ends_at_execute = true;
  const std::string query = ApprovedQuery();
  EXPECT_EQ(Status(ada_, query, "/query/status", {"completed", "error"}), "completed");
  EXPECT_EQ(provider_.starts, 2);
  const auto job = store_->queries.FindJob(*QueryId::Parse(query.substr(query.rfind('/') + 1)));
  EXPECT_EQ((*job)->attempts, 2) << "none was spent on the enclave that had ended";
}

// The enclave released and was gone before it said so: the receipt had come with the release entry.
TEST_F(WorkTest, AReleasedResultSurvivesTheEnclave) {
  provider_.behaviour.ends_after_release = true;
  const std::string query = ApprovedQuery();
  EXPECT_EQ(Status(ada_, query, "/query/status", {"completed", "error"}), "completed");
  EXPECT_EQ(ada_.Get(query + "/results").At("/results/0/result_data/rows/0/0").as_int64(), 42);
}

struct Death {
  int operation;
  MortalBlobStore::Moment moment;
};
class CrashTest : public WorkTest, public testing::WithParamInterface<Death> {};

// Of one execution the host's blobs see: discard, write, publish. Wherever it dies, either nothing is released or all
// of it, and a server that starts again ends with the one result.
TEST_P(CrashTest, EndsWithNothingReleasedOrAllOfIt) {
  for (const char* name : {"visits", "claims"}) {
    Person& owner = name == std::string_view("visits") ? ada_ : bob_;
    EXPECT_EQ(Status(owner, Publish(owner, name), "/dataset/status", {"available"}), "available");
  }
  const std::string query = "/api/tee/queries/" + SubmitQuery(ada_).TextAt("/query/id");
  EXPECT_EQ(ada_.Post(query + "/approve").status, 200);
  blobs_.DieAt(GetParam().operation, GetParam().moment);
  EXPECT_EQ(bob_.Post(query + "/approve").status, 200);
  AskUntil(ada_, query, [&](const Reply&) { return blobs_.dead(); });
  ASSERT_TRUE(blobs_.dead());
  StopServer();

  const auto store = *Store::Open(folder_ / "cloister.db");
  const auto id = *QueryId::Parse(query.substr(query.rfind('/') + 1));
  const auto environment = store->queries.FindLabel(id)->value().environment;
  const auto head = *store->ledgers.Head(environment);
  ledger::LedgerState state(environment);
  const auto entries = *store->ledgers.Read(environment, 0, head->size);
  for (const std::string& entry : entries) ASSERT_TRUE(state.Apply(entry));
  EXPECT_FALSE(state.FindQuery(id)->release.has_value());
  EXPECT_FALSE(store->queries.ResultOf(id)->has_value());

  blobs_.Revive();
  StartServer();
  Person ada = LogIn(ada_.email);
  EXPECT_EQ(Status(ada, query, "/query/status", {"completed", "error"}), "completed");
  const Reply results = ada.Get(query + "/results");
  EXPECT_EQ(results.At("/results/0/result_data/rows/0/0").as_int64(), 42);
  EXPECT_TRUE(fleet_->Find(environment)->Look(
      [&](const auto& after) { return ledger::CheckReceipt(after, results.Text("receipt")).has_value(); }));
}

constexpr auto kBefore = MortalBlobStore::Moment::kBefore;
constexpr auto kAfter = MortalBlobStore::Moment::kAfter;
INSTANTIATE_TEST_SUITE_P(EveryMoment, CrashTest,
                         testing::Values(Death{1, kBefore}, Death{1, kAfter}, Death{2, kBefore}, Death{2, kAfter},
                                         Death{3, kBefore}, Death{3, kAfter}));

TEST_F(WorkTest, ManifestsGoAlongIntoTheNextEpoch) {
  const std::string dataset = Publish(ada_, "visits");
  EXPECT_EQ(Status(ada_, dataset, "/dataset/status", {"available"}), "available");
  EXPECT_EQ(ada_.Post(environment_ + "/participants", {{"email", eve_.email}}).status, 201);
  EXPECT_EQ(bob_.Get(dataset).At("/dataset/version").as_int64(), 1);
  EXPECT_EQ(bob_.Post(environment_ + "/acceptances").status, 200);
  EXPECT_EQ(eve_.Get(dataset).At("/dataset/version").as_int64(), 2);
  EXPECT_EQ(Status(ada_, dataset, "/dataset/status", {"available"}), "available");
}

TEST_F(WorkTest, AsksForDocumentsOfTheRightKind) {
  Person own = WithOwnKey("own@own.example");
  const std::string id = environment_.substr(environment_.rfind('/') + 1);
  EXPECT_EQ(ada_.Post(environment_ + "/participants", {{"email", own.email}}).status, 201);
  const std::string acceptance = Sign(own, id, AcceptanceOf(id, agreement::Custody::kSelf));
  EXPECT_EQ(bob_.Post(environment_ + "/acceptances").status, 200);
  EXPECT_EQ(own.Post(environment_ + "/acceptances", {{"document", acceptance}}).status, 200);
  EXPECT_EQ(own.Post(environment_ + "/terminate", {{"document", acceptance}}).status, 400);
  EXPECT_EQ(own.Get(environment_ + "/chain").At("/links").as_array().size(), 1u);
}

// The compiler says what a query reads, so that nobody has to agree to what does not concern him.
TEST_F(WorkTest, AQueryReadsWhatTheCompilerFinds) {
  const std::string visits = Publish(ada_, "visits");
  Publish(bob_, "claims");
  checker_.answer = R"({"verdict":"accepted","charges":[{"dataset":")" + visits.substr(visits.rfind('/') + 1) +
                    R"(","runs":1,"epsilon":0,"delta":0}]})";
  const Reply reply = SubmitQuery(ada_);
  EXPECT_EQ(reply.At("/query/accesses_datasets").as_array().size(), 1u);
  EXPECT_EQ(reply.At("/query/waiting_for/owners").as_array().size(), 1u);
}

// More than a query may name; one that does not compile names those that it speaks of.
TEST_F(WorkTest, ARefusalIsOneAmongManyDatasetsToo) {
  for (std::size_t i = 0; i < agreement::kQueryDatasetsMax; ++i) Publish(ada_, "many_" + std::to_string(i));
  const std::string visits = Publish(bob_, "visits");
  const Reply reply = SubmitQuery(ada_, {{"query_text", "please refuse VISITS"}});
  EXPECT_EQ(reply.status, 422) << reply.body;
  const auto& read = reply.At("/query/accesses_datasets").as_array();
  EXPECT_EQ(read.size(), agreement::kQueryDatasetsMax);
  EXPECT_NE(std::ranges::find(read, codec::Json(visits.substr(visits.rfind('/') + 1))), read.end());
}

TEST_F(WorkTest, ADatasetIsNamedAsItWasRegistered) {
  const std::string dataset = Publish(ada_, "Visits of 2026");
  const Reply reply = SubmitQuery(ada_, {{"accesses_datasets", codec::JsonArray{"Visits of 2026"}}});
  EXPECT_EQ(reply.status, 201) << reply.body;
  EXPECT_TRUE(dataset.ends_with(reply.TextAt("/query/accesses_datasets/0")));
  EXPECT_EQ(SubmitQuery(ada_, {{"accesses_datasets", codec::JsonArray{"Visits of 2027"}}}).status, 404);
}

// The document is the query: its id, its text, its recipients. What stands beside it is a label.
TEST_F(WorkTest, TakesAQueryThatItsSubmitterSigned) {
  Person own = WithOwnKey("own@own.example");
  const std::string id = environment_.substr(environment_.rfind('/') + 1);
  EXPECT_EQ(ada_.Post(environment_ + "/participants", {{"email", own.email}}).status, 201);
  EXPECT_EQ(bob_.Post(environment_ + "/acceptances").status, 200);
  const std::string accepted = Sign(own, id, AcceptanceOf(id, agreement::Custody::kSelf));
  EXPECT_EQ(own.Post(environment_ + "/acceptances", {{"document", accepted}}).status, 200);
  Publish(ada_, "visits");
  const auto session = fleet_->Find(*EnvironmentId::Parse(id));
  const auto request = session->Look([&](const ledger::LedgerState& state) {
    const auto& [dataset, record] = *state.datasets().begin();
    return agreement::QueryRequest{.query = QueryId::New(clock_, rng_),
                                   .name = "mine",
                                   .text = "SELECT 1",
                                   .parameters = {},
                                   .datasets = {{dataset, state.ManifestInForce(dataset)->digest}},
                                   .privacy = {},
                                   .recipients = {own.thumbprint},
                                   .charter = state.in_force()->digest};
  });
  EXPECT_EQ(SubmitQuery(own).status, 400);
  const std::string document = Sign(own, id, request);
  EXPECT_EQ(SubmitQuery(ada_, {{"document", document}}).status, 403);
  const Reply reply = SubmitQuery(own, {{"document", document}});
  EXPECT_EQ(reply.TextAt("/query/id"), request.query.str());
  EXPECT_EQ(reply.TextAt("/query/name"), "mine");
  EXPECT_EQ(SubmitQuery(own, {{"document", document}}).status, 201);  // the same bytes again
  EXPECT_EQ(own.Get(environment_ + "/chain").At("/head/seq").as_int64(), 2);

  const std::string query = "/api/tee/queries/" + request.query.str();
  EXPECT_EQ(ada_.Post(query + "/approve").status, 200);
  EXPECT_EQ(Status(own, query, "/query/status", {"completed", "error"}), "completed");
  const Reply results = own.Get(query + "/results");
  const auto sealed = codec::Base64Decode(results.TextAt("/sealed_object"));
  ASSERT_TRUE(sealed) << results.body;
  EXPECT_EQ(codec::HexEncode(crypto::Sha256(*sealed)), results.TextAt("/digest"));
  EXPECT_EQ(results.At("/file_size_bytes").to_number<std::size_t>(), sealed->size());
  const std::string download = query + "/results/" + results.TextAt("/results/0/id") + "/download";
  const auto fetch = [&](const char* accept) {
    return own.Send({.target = download, .fields = {{"Accept", accept}}}).body;
  };
  EXPECT_EQ(fetch("Application/Octet-Stream;q=0.9, */*"), AsText(*sealed));
  EXPECT_TRUE(fetch("application/json, application/octet-stream").starts_with("{"));
}

}  // namespace
}  // namespace cloister::control
