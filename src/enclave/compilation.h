#pragma once

// From a recorded query to a verdict: what the compiler is asked, and what its answer means for those who approve. The
// enclave and the compile-only process (which tells an analyst beforehand) ask in the same words, so that "check" and
// "report" cannot differ.

#include <optional>
#include <string>
#include <vector>

#include "agreement/enclave_documents.h"
#include "base/clock.h"
#include "base/result.h"
#include "ledger/replay.h"
#include "sql/compile.h"

namespace cloister::enclave {

// A release of rows that was before.
struct PastRelease {
  std::string text;
  codec::JsonObject parameters = {};
};

// A dataset as the compiler is shown it, and whose it is.
struct VisibleDataset {
  sql::CompileDataset compile;
  agreement::Thumbprint owner;
  std::optional<PastRelease> released = {};  // of this version at k_anonymized, as whoever checks a query knows it
};

// One question to the compiler.
struct CompileQuestion {
  std::string text;
  codec::JsonObject parameters;
  std::string level;
  codec::JsonObject privacy = {};  // parameters of the level
  std::vector<VisibleDataset> datasets;
  agreement::Thumbprint analyst;
  std::string analyst_organisation;
  // Thumbprint and organisation of each recipient: policies name either.
  struct Person {
    agreement::Thumbprint thumbprint;
    std::string organisation;
  };
  std::vector<Person> recipients;
  bool cross_owner_joins = false;
};

struct CompileAnswer {
  std::optional<sql::CompiledQuery> compiled;    // accepted
  codec::JsonObject report;                      // of an accepted one: what people read
  std::vector<agreement::Charge> charges;        // one run a dataset
  std::vector<agreement::Thumbprint> approvers;  // owners of what is read, sorted
  std::vector<sql::Finding> findings;            // of a refused one, at least one
};

Result<CompileAnswer> AskCompiler(const CompileQuestion& question, sql::StatementParser& parser);

// The question that a query link asks of the ledger as it stands: the manifests that the link names, if in force.
Result<CompileQuestion> QuestionOf(const ledger::LedgerState& state, const agreement::QueryRequest& request,
                                   const agreement::Thumbprint& submitter);

// The enclave's report on it.
agreement::Report MakeReport(const ledger::LedgerState& state, const agreement::SignedLink& query,
                             const CompileAnswer& answer, Instant now);

}  // namespace cloister::enclave
