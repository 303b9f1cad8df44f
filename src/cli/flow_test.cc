// The whole flow at three desks, against a server that plays fair: commands in, words and exit codes out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/desk_for_test.h"
#include "cli/environment_home.h"

namespace cloister::cli::for_test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kVisits = "patient_id,ward,cost\n1,A,10.5\n2,A,7\n3,B,0\n";
constexpr std::string_view kPolicy = R"({"levels":["aggregate_only"],"privacy_unit":"patient_id","min_group_size":25,
    "columns":{"patient_id":{"roles":["join_key"],"domain":"person"},"ward":{"roles":["dimension"]},
               "cost":{"roles":["measure"],"bounds":[0,1000]}}})";
constexpr std::string_view kSql = "SELECT ward, count(*) AS patients\nFROM visits\nGROUP BY ward\n";

class Flow : public testing::Test {
 protected:
  FakeClock clock_{{1'795'336'560'000}};
  FakeServer server_{clock_};
  Desk hospital_{server_, clock_, "ada@hospital.example"};
  Desk analyst_{server_, clock_, "eve@uni.example"};

  void Begin() {
    ASSERT_EQ(hospital_.Init("Hospital").code, ExitCode::kOk);
    ASSERT_EQ(analyst_.Init("University").code, ExitCode::kOk);
    ASSERT_EQ(hospital_({"env", "create", "Study", "--with", "eve@uni.example"}).code, ExitCode::kOk);
  }
  void AcceptAll() {
    Begin();
    ASSERT_EQ(hospital_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
    ASSERT_EQ(analyst_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
  }
  Ran Upload(std::string_view csv = kVisits) {
    return hospital_({"dataset", "upload", hospital_.File("visits.csv", csv), "--env", "Study", "--name", "visits",
                      "--policy", hospital_.File("policy.json", kPolicy)});
  }
  Ran Submit() {
    return analyst_({"query", "submit", analyst_.File("q.sql", kSql), "--env", "Study", "--name", "patients by ward"});
  }
  void Ask() {
    AcceptAll();
    ASSERT_EQ(Upload().code, ExitCode::kOk);
    ASSERT_EQ(Submit().code, ExitCode::kOk);
  }
};

TEST_F(Flow, InitKeepsTheKeyAndTellsTheServerItsName) {
  const Ran init = hospital_.Init("Hospital");
  EXPECT_EQ(init.code, ExitCode::kOk) << init.talk;
  EXPECT_THAT(init.out, ContainsRegex("custody     self: your key is in this folder and nowhere else"));
  const Ran show = hospital_({"key", "show", "--plain"});
  EXPECT_THAT(show.out, ContainsRegex("age recipient\tage1"));
  EXPECT_THAT(hospital_({"key", "export-age"}).out,
              ContainsRegex("^# public key: age1[a-z0-9]*\nAGE-SECRET-KEY-1[A-Z0-9]*\n$"));
}

TEST_F(Flow, InitAgainChangesNothing) {
  const std::string first = hospital_.Init("Hospital").out;
  EXPECT_EQ(hospital_.Init("Hospital").out, first);
  const Ran other = hospital_({"init", "--server", "https://other.example", "--email", "ada@hospital.example"});
  EXPECT_EQ(other.code, ExitCode::kError);
  EXPECT_THAT(other.talk, HasSubstr("choose another folder with --home"));
}

TEST_F(Flow, WithoutInitEveryVerbSaysHowToBegin) {
  const Ran ran = hospital_({"env", "list"});
  EXPECT_EQ(ran.code, ExitCode::kError);
  EXPECT_THAT(ran.talk, HasSubstr("run: cloister init --server URL --email YOU@EXAMPLE"));
}

TEST_F(Flow, VerifyPrintsEachCheckAndWhatItDoesNotProve) {
  Begin();
  const Ran ran = hospital_({"env", "verify", "Study", "--no-color"});
  EXPECT_EQ(ran.code, ExitCode::kOk) << ran.talk;
  EXPECT_THAT(ran.out, HasSubstr("✓ ok  evidence\n      is        simulated\n"));
  EXPECT_THAT(ran.out,
              HasSubstr("✓ ok  recipients bound\n      expected  2 participants\n      actual    2 with proofs\n"));
  EXPECT_THAT(ran.out, HasSubstr("simulated evidence: it proves nothing about hardware"));
  EXPECT_THAT(ran.out, HasSubstr("the operator could read this"));
}

TEST_F(Flow, VerifyAsJsonHasAStableShape) {
  Begin();
  const codec::Json json = codec::ParseJson(hospital_({"env", "verify", "Study", "--json"}).out).value();
  EXPECT_TRUE(BoolAt(json, "verified"));
  EXPECT_EQ(TextAt(ArrayAt(json, "checks")[0], "check"), "evidence");
  EXPECT_EQ(ArrayAt(json, "caveats").size(), 2U);
  EXPECT_EQ(IntegerAt(MemberAt(json, "checkpoint"), "size"), 2);
}

TEST_F(Flow, AcceptShowsTheTermsAndAsks) {
  Begin();
  const Ran no = hospital_({"env", "accept", "Study"}, "n\n");
  EXPECT_EQ(no.code, ExitCode::kUsage);
  EXPECT_THAT(no.talk, HasSubstr("Sign this charter? [y/N]"));
  EXPECT_THAT(no.talk, HasSubstr("error: nothing was signed"));
  EXPECT_EQ(hospital_({"env", "accept", "Study"}).code, ExitCode::kUsage);  // nobody is there to ask
  EXPECT_EQ(server_.enclave->entries().size(), 2U);

  const Ran yes = hospital_({"env", "accept", "Study"}, "y\n");
  EXPECT_EQ(yes.code, ExitCode::kOk) << yes.talk;
  EXPECT_THAT(yes.talk, HasSubstr("the keys of 1 participant(s) come from the server"));
  EXPECT_THAT(yes.talk, HasSubstr("recorded as ledger entry 2, proof verified"));
}

TEST_F(Flow, AcceptanceSaysWhoseKeysWereNotConfirmed) {
  Begin();
  EXPECT_EQ(hospital_({"env", "accept", "Study", "--yes", "--confirm", "eve@uni.example"}).code, ExitCode::kOk);
  EXPECT_EQ(analyst_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
  std::vector<std::size_t> unconfirmed;
  for (const std::string& text : server_.enclave->entries()) {
    const auto entry = ledger::DecodeEntry(text);
    if (const auto* link = entry->As<ledger::LinkEntry>()) {
      unconfirmed.push_back(
          server_.enclave->state().VerifyLink(link->jws)->As<agreement::Acceptance>()->unconfirmed.size());
    }
  }
  EXPECT_THAT(unconfirmed, testing::ElementsAre(1, 2));  // the enclave program, and with the analyst a key
}

TEST_F(Flow, TheProgramToTrustIsTheServersProposalUntilItIsKnownFromElsewhere) {
  Begin();
  const std::string program = codec::HexEncode(MeasurementForTest());
  const Ran blind = hospital_({"env", "accept", "Study", "--yes", "--json"});
  EXPECT_THAT(blind.talk, HasSubstr("UNCONFIRMED: that " + program));
  EXPECT_THAT(blind.out, HasSubstr("\"measurement_confirmed\": false"));
  EXPECT_EQ(analyst_({"env", "accept", "Study", "--yes", "--measurement", std::string(64, 'a')}).code,
            ExitCode::kVerificationFailed);
  EXPECT_EQ(analyst_({"env", "accept", "Study", "--yes", "--measurement", "abc"}).code, ExitCode::kUsage);
  const Ran seen = analyst_({"env", "accept", "Study", "--yes", "--measurement", program});
  EXPECT_EQ(seen.code, ExitCode::kOk) << seen.talk;
  EXPECT_THAT(seen.talk, Not(HasSubstr("UNCONFIRMED")));
  EXPECT_THAT(analyst_({"env", "accept", "Study"}).out, HasSubstr("confirmed by you"));  // remembered
}

TEST_F(Flow, AnEnclaveWithOtherRecipientsThanTheAcceptedOnesIsNoMoreTrusted) {
  AcceptAll();
  EnvironmentHome home(Home(hospital_.home()).EnvironmentFolder(FakeServer::kEnvironment));
  const Digest256 charter = server_.enclave->state().in_force()->digest;
  EXPECT_EQ(home.AcceptedRecipients(charter)->value(), server_.enclave->state().in_force()->recipient_commitment);
  ASSERT_TRUE(home.AddAccepted(charter, Digest256{1}).has_value());
  const Ran ran = hospital_({"dataset", "recipient", "--env", "Study"});
  EXPECT_EQ(ran.code, ExitCode::kVerificationFailed) << ran.out;
  EXPECT_THAT(ran.talk, HasSubstr("its key is another one"));
}

TEST_F(Flow, ApproversSeeWhatTheQueryIsAskedWith) {
  AcceptAll();
  ASSERT_EQ(Upload().code, ExitCode::kOk);
  ASSERT_EQ(analyst_({"query", "submit", analyst_.File("q.sql", kSql), "--env", "Study", "--name", "asked", "--param",
                      "since=2020", "--param", "ward=\x1b[2J"})
                .code,
            ExitCode::kOk);
  const Ran people = hospital_({"query", "report", "asked"});
  EXPECT_THAT(people.out, HasSubstr(R"(parameters  {"since":2020,"ward":"\u001b[2J"})"));
  EXPECT_THAT(people.out, HasSubstr("level       aggregate_only"));
  EXPECT_THAT(people.out, HasSubstr("privacy     none"));
  const codec::Json json = codec::ParseJson(hospital_({"query", "report", "asked", "--json"}).out).value();
  EXPECT_EQ(json.at("parameters").at("since").as_int64(), 2020);
  EXPECT_EQ(json.at("level"), codec::Json("aggregate_only"));
  EXPECT_TRUE(json.at("privacy").as_object().empty());
}

TEST_F(Flow, OneConfirmsParticipantsOnly) {
  Begin();
  EXPECT_EQ(hospital_({"env", "accept", "Study", "--yes", "--confirm", "nobody@x"}).code, ExitCode::kUsage);
  EXPECT_EQ(server_.enclave->entries().size(), 2U);
}

TEST_F(Flow, NothingIsSignedUnderACharterThatOneDidNotAccept) {
  Begin();
  const Ran ran = Upload();
  EXPECT_EQ(ran.code, ExitCode::kError);
  EXPECT_THAT(ran.talk, HasSubstr("cloister env accept " + FakeServer::kEnvironment.str()));
}

TEST_F(Flow, UploadSealsForTheEnclaveAlone) {
  AcceptAll();
  const Ran ran = Upload();
  EXPECT_EQ(ran.code, ExitCode::kOk) << ran.talk;
  EXPECT_THAT(ran.talk, HasSubstr("schema, read off the file: patient_id BIGINT, ward VARCHAR, cost DOUBLE"));
  EXPECT_THAT(ran.out, HasSubstr("status   available"));
  EXPECT_EQ(server_.OpenedDataset("visits"), kVisits);
  EXPECT_FALSE(std::filesystem::exists(hospital_.home() + "/cache/" + FakeServer::kEnvironment.str() + "/visits"));
}

TEST_F(Flow, AFileThatIsNotWhatItsTermsSayStaysHere) {
  AcceptAll();
  const Ran ran = Upload("patient_id,ward,cost\n1,A,10.5\n,A,7\n3,B,2000\n");
  EXPECT_EQ(ran.code, ExitCode::kUsage);
  EXPECT_THAT(ran.talk, HasSubstr("visits.csv:3: column patient_id: it is the privacy unit, and this row has none"));
  EXPECT_THAT(ran.talk, HasSubstr("visits.csv:4: column cost: the value is outside of the policy's bounds 0 to 1000"));
  EXPECT_THAT(ran.talk, HasSubstr("nothing was sealed or sent"));
  EXPECT_THAT(server_.log, Not(testing::Contains(HasSubstr("/datasets"))));
}

TEST_F(Flow, AFileSealedByAnAgeToolNeedsItsManifestOnly) {
  AcceptAll();
  const std::string recipient = hospital_({"dataset", "recipient", "--env", "Study", "-q"}).out;
  const auto age = sealing::AgeRecipient::Parse(recipient.substr(0, recipient.size() - 1));
  ASSERT_TRUE(age);
  InsecureRngForTest rng(7);
  const Bytes sealed = sealing::SealBytes(AsBytes(kVisits), {&*age, 1}, rng).value();
  const Ran ran = hospital_(
      {"dataset", "manifest", hospital_.File("v.csv.age", AsText(sealed)), "--env", "Study", "--name", "visits",
       "--policy", hospital_.File("policy.json", kPolicy), "--schema",
       hospital_.File("schema.json", R"([{"name":"patient_id","type":"BIGINT"},{"name":"ward","type":"VARCHAR"},
                                         {"name":"cost","type":"DOUBLE"}])")});
  EXPECT_EQ(ran.code, ExitCode::kOk) << ran.talk;
  EXPECT_EQ(server_.OpenedDataset("visits"), kVisits);
}

TEST_F(Flow, CheckTellsPlaceRuleAndMend) {
  AcceptAll();
  ASSERT_EQ(Upload().code, ExitCode::kOk);
  server_.refuse_query_with = R"j([{"rule":"R05","owner":"Hospital","severity":"error","from":7,"to":11,"line":1,
                                   "message":"'ward' is hidden.","fix":"left(ward, 1)"}])j";
  const Ran ran = analyst_({"query", "check", "-", "--env", "Study"}, std::string(kSql));
  EXPECT_EQ(ran.code, ExitCode::kRefused);
  EXPECT_EQ(ran.out,
            "query:1:8: R05 'ward' is hidden. (rule of Hospital)\n"
            "    SELECT ward, count(*) AS patients\n"
            "           ^^^^\n"
            "  mend: left(ward, 1)\n");
  EXPECT_EQ(Submit().code, ExitCode::kRefused);
  EXPECT_TRUE(server_.enclave->state().queries().empty());
}

TEST_F(Flow, ApproveShowsTheEnclavesReportAndSignsIt) {
  Ask();
  const std::string query = "patients by ward";
  EXPECT_EQ(hospital_({"query", "wait", query, "--timeout", "2", "-q"}).code, ExitCode::kWaiting);
  EXPECT_EQ(analyst_({"result", "get", query}).code, ExitCode::kWaiting);
  const Ran ran = hospital_({"query", "approve", query, "--notes", "fine"}, "yes\n");
  EXPECT_EQ(ran.code, ExitCode::kOk) << ran.talk;
  EXPECT_THAT(ran.out, HasSubstr("asked by    eve@uni.example (University)\n"));
  EXPECT_THAT(ran.out, ContainsRegex("reveals to  .*ada@hospital.example \\(Hospital\\)"));
  EXPECT_THAT(ran.out, HasSubstr("charges     visits: 1 run\n"));
  EXPECT_THAT(ran.out, HasSubstr("It counts patients by ward."));
  EXPECT_THAT(ran.talk, HasSubstr("What you signed may run until 2026-11-29T08:36:02Z"));
  EXPECT_EQ(analyst_({"query", "wait", query}).code, ExitCode::kOk);
}

TEST_F(Flow, WhoHasNoSayCannotApprove) {
  Ask();
  const Ran ran = analyst_({"query", "approve", "patients by ward", "--yes"});
  EXPECT_EQ(ran.code, ExitCode::kError);
  EXPECT_THAT(ran.talk, HasSubstr("the charter gives you no say on this query"));
}

TEST_F(Flow, RejectEndsAQuery) {
  Ask();
  EXPECT_EQ(hospital_({"query", "reject", "patients by ward", "--reason", "not this year"}).code, ExitCode::kOk);
  EXPECT_EQ(analyst_({"query", "wait", "patients by ward", "-q"}).code, ExitCode::kRefused);
  const Ran ran = analyst_({"result", "get", "patients by ward"});
  EXPECT_EQ(ran.code, ExitCode::kRefused);
  EXPECT_THAT(ran.talk, HasSubstr("There is no result"));
}

TEST_F(Flow, TheResultIsVerifiedOpenedAndDrawn) {
  Ask();
  ASSERT_EQ(hospital_({"query", "approve", "patients by ward", "--yes"}).code, ExitCode::kOk);
  const Ran ran = analyst_({"result", "get", "patients by ward"});
  EXPECT_EQ(ran.code, ExitCode::kOk) << ran.talk;
  EXPECT_EQ(ran.out,
            "ward  patients\n"
            "A           40\n"
            "B           25\n"
            "\n"
            "patients\n"
            "A  ████████████████████████████████████████ 40\n"
            "B  █████████████████████████                25\n");
  EXPECT_THAT(ran.talk, HasSubstr("receipt and ledger verified (release is entry 10)"));
  EXPECT_EQ(analyst_({"result", "get", "patients by ward", "--format", "csv"}).out, "ward,patients\nA,40\nB,25\n");
  EXPECT_EQ(
      analyst_({"result", "get", "patients by ward", "--format", "json"}).out,
      R"({"columns":[{"name":"ward","type":"VARCHAR"},{"name":"patients","type":"BIGINT"}],"rows":[["A",40],["B",25]]})"
      "\n");
  EXPECT_EQ(analyst_({"result", "get", "patients by ward", "--plain"}).out, "A\t40\nB\t25\n");
  EXPECT_EQ(analyst_({"result", "verify", "patients by ward"}).code, ExitCode::kOk);
  EXPECT_THAT(analyst_({"result", "receipt", "patients by ward"}).out, HasSubstr("spent        visits: 1 run\n"));
}

TEST_F(Flow, TheLedgerIsReadFoldedAndProved) {
  Ask();
  const Ran show = analyst_({"ledger", "show", "Study", "--plain", "-q"});
  EXPECT_THAT(show.out, ContainsRegex("^0\t2026-11-22T08:36:00Z\tboot\tboot 0, environment key generated\n1\t"));
  const Ran verify = analyst_({"ledger", "verify", "Study", "-q"});
  EXPECT_EQ(verify.code, ExitCode::kOk);
  EXPECT_THAT(verify.out, HasSubstr("✓ ok  every entry, every boot, the checkpoint"));
  const Ran prove = analyst_({"ledger", "prove", "Study", "3", "-q"});
  EXPECT_EQ(prove.code, ExitCode::kOk);
  EXPECT_THAT(prove.out, HasSubstr("✓ ok  entry 3 is in the ledger of 7 entries"));
  EXPECT_EQ(analyst_({"ledger", "prove", "Study", "99"}).code, ExitCode::kNotFound);
}

TEST_F(Flow, ARestartedEnclaveIsFollowedByItsLedger) {
  Ask();
  server_.enclave->Boot(server_.enclave->state().in_force()->charter);
  const Ran ran = hospital_({"query", "approve", "patients by ward", "--yes"});
  EXPECT_EQ(ran.code, ExitCode::kOk) << ran.talk;
  EXPECT_EQ(analyst_({"result", "verify", "patients by ward"}).code, ExitCode::kOk);
}

TEST_F(Flow, ANewEpochIsShownAsAChangeAndTakesTheManifestsAlong) {
  Ask();
  Desk newcomer(server_, clock_, "kim@lab.example");
  ASSERT_EQ(newcomer.Init("Laboratory").code, ExitCode::kOk);
  EXPECT_EQ(hospital_({"env", "invite", "Study", "kim@lab.example"}).code, ExitCode::kOk);
  const Ran ran = hospital_({"env", "accept", "Study", "--yes"});
  EXPECT_EQ(ran.code, ExitCode::kOk) << ran.talk;
  EXPECT_THAT(ran.talk,
              HasSubstr("Charter of Study, epoch 2: what it changes\n  - joins: kim@lab.example (Laboratory)"));
  EXPECT_THAT(ran.talk, HasSubstr("signed the manifest of visits anew, unchanged, under this charter"));
  EXPECT_EQ(analyst_({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
  EXPECT_EQ(newcomer({"env", "accept", "Study", "--yes"}).code, ExitCode::kOk);
  const auto& state = server_.enclave->state();
  EXPECT_EQ(state.in_force()->charter.epoch, 2);
  EXPECT_EQ(state.ManifestInForce(state.datasets().begin()->first)->manifest.version, 2);
}

TEST_F(Flow, AcceptingTwiceSignsOnce) {
  AcceptAll();
  const std::size_t before = server_.enclave->entries().size();
  const Ran ran = hospital_({"env", "accept", "Study", "--yes"});
  EXPECT_EQ(ran.code, ExitCode::kOk);
  EXPECT_THAT(ran.talk, HasSubstr("You have accepted this charter already."));
  EXPECT_EQ(server_.enclave->entries().size(), before);
}

TEST_F(Flow, WhatIsNotThereIsExitThree) {
  AcceptAll();
  EXPECT_EQ(hospital_({"env", "show", "Nothing"}).code, ExitCode::kNotFound);
  EXPECT_EQ(hospital_({"query", "show", "qry_00000000000000000000000009"}).code, ExitCode::kNotFound);
  const Ran json = hospital_({"env", "show", "Nothing", "--json"});
  EXPECT_EQ(json.out, "");
  EXPECT_EQ(json.talk,
            "{\"error\":\"NOT_FOUND\",\"message\":\"there is no environment 'Nothing' that you may see\"}\n");
}

}  // namespace
}  // namespace cloister::cli::for_test
