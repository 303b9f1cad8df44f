#pragma once

// The privacy compiler on this machine: the enclave's own program in its mode without keys and data, asked by the
// client itself. What it answers rests on the verified ledger and on nobody's word; a program that is not the one the
// charter trusts is said to be so.
//
//   CLOISTER_ASSIGN(CompilerScene scene, SceneOf(environment, state));
//   CLOISTER_ASSIGN(codec::Json verdict, AskCompiler(context, {.scene = scene, .text = sql, .level = level, ...}));

#include <optional>
#include <string>
#include <vector>

#include "agreement/policy_file.h"
#include "cli/context.h"
#include "cli/verify.h"
#include "ledger/replay.h"

namespace cloister::cli {

// A dataset as the compiler is told of it.
struct SceneDataset {
  DatasetId id;
  std::string name;
  agreement::Thumbprint owner;
  std::string organisation;
  Digest256 manifest{};
  agreement::DatasetSchema schema;
  agreement::DatasetPolicy policy;
};

// Everything that a verdict depends on besides the query.
struct CompilerScene {
  std::vector<SceneDataset> datasets;
  std::vector<agreement::Participant> people;  // of the charter
  bool cross_owner_joins = false;

  const SceneDataset* Find(std::string_view name) const;
};
// The manifests in force.
CompilerScene SceneOf(const VerifiedEnvironment& environment, const ledger::LedgerState& state);

struct CompilerQuestion {
  const CompilerScene& scene;
  std::string text;
  std::string level;
  codec::JsonObject parameters = {};
  codec::JsonObject privacy = {};  // parameters of the level
  agreement::Thumbprint analyst;
  std::string organisation;
  std::vector<agreement::Thumbprint> recipients;  // of the scene's people; none: the analyst alone
};

// {"verdict":"accepted",...} or {"verdict":"refused","findings":[...]} (docs/formats/channel.md).
// kFailedPrecondition with the mend when there is no such program.
Result<codec::Json> AskCompiler(Context& context, const CompilerQuestion& question);
// The same question with what the try mode needs besides; its answer.
Result<codec::Json> TryCompiler(Context& context, const CompilerQuestion& question, codec::JsonObject synthetic);

// A warning when the program on this machine is none that the charter trusts: its verdicts may differ from the
// enclave's.
void WarnOfAnotherProgram(Context& context, const agreement::Charter& charter);

// How one stored test ended.
struct TestOutcome {
  const agreement::PolicyTest& test;
  std::optional<std::string> failure;
};
// Runs the stored tests of `file` as if its policy were the one of `scene.datasets[dataset]`. An Error means that a
// test could not be run (no program, an unknown person).
Result<std::vector<TestOutcome>> RunPolicyTests(Context& context, CompilerScene scene, std::size_t dataset,
                                                const agreement::PolicyFile& file);
// Shows how they ended; kRefused when one failed, so that nothing is saved or signed.
Status RequirePolicyTests(Context& context, CompilerScene scene, std::size_t dataset,
                          const agreement::PolicyFile& file);

}  // namespace cloister::cli
