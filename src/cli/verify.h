#pragma once

// The walk that comes before anything is signed, sealed or believed:
//
//   fresh nonce -> evidence -> appraisal under the charter -> keys of this boot
//   checkpoint -> signed by those keys -> the boot's entry is in it -> it continues the state that this home verified
//   last
//
// Whoever holds a VerifiedEnvironment has been through all of it. The server is asked for bytes and believed in
// nothing.

#include <optional>
#include <string>
#include <vector>

#include "agreement/charter.h"
#include "attestation/enclave_appraisal.h"
#include "cli/environment_home.h"
#include "cli/lookup.h"
#include "cli/session.h"
#include "ledger/follow.h"

namespace cloister::cli {

// One line of `env verify`.
struct VerifyCheck {
  std::string name;
  bool good = false;
  std::string expected;
  std::string actual;
  std::string meaning;  // of a failure
};

// Only VerifyEnvironment makes one.
class VerifiedEnvironment {
 public:
  const EnvironmentId& id() const { return charter_.environment; }
  const agreement::Charter& charter() const { return charter_; }
  const Digest256& charter_digest() const { return enclave_.charter(); }
  const attestation::VerifiedEnclave& enclave() const { return enclave_; }
  const ledger::LedgerView& view() const { return view_; }  // stored in the home already

 private:
  friend class EnvironmentVerifier;
  VerifiedEnvironment(agreement::Charter charter, attestation::VerifiedEnclave enclave, ledger::LedgerView view)
      : charter_(std::move(charter)), enclave_(std::move(enclave)), view_(std::move(view)) {}
  agreement::Charter charter_;
  attestation::VerifiedEnclave enclave_;
  ledger::LedgerView view_;
};

struct VerifyOutcome {
  std::vector<VerifyCheck> checks;  // in the order made; the walk ends at the first that fails
  std::vector<std::string>
      caveats;  // what holds although every check is good: simulated evidence, recovery by the operator
  std::optional<VerifiedEnvironment> environment;
  std::optional<Error> error;  // exactly when there is no environment
};

// Which charter the evidence is to be about.
enum class WhichCharter {
  kAccepted,  // the newest that this participant accepted: for everything that signs or seals
  kNewest,    // the newest there is, accepted or not: for looking at it and for accepting it
};

// An Error means that something did not answer; a check that fails is an outcome.
Result<VerifyOutcome> ExamineEnvironment(Session& session, const NamedEnvironment& named, WhichCharter which);
// The same environment a moment later, under the same charter: its newest checkpoint, verified to continue `before`.
// The boot that was verified need not answer again; one that started since is examined from the start.
Result<VerifiedEnvironment> AdvanceEnvironment(Session& session, const VerifiedEnvironment& before);
// The same for verbs that go on only if all is good: the failed check as an Error, and caveats as warnings once.
Result<VerifiedEnvironment> VerifyEnvironment(Session& session, const NamedEnvironment& named, WhichCharter which);

}  // namespace cloister::cli
