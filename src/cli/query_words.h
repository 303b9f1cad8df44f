#pragma once

// A query in words: why it is refused and how to mend it, or what it would reveal, to whom, and at what charge.

#include <string>
#include <vector>

#include "agreement/charter.h"
#include "agreement/enclave_documents.h"
#include "cli/output.h"
#include "codec/json.h"

namespace cloister::cli {

// The compiler's findings as the server's `violations`, in its own shape.
std::vector<agreement::ReportFinding> ReadViolations(const codec::JsonArray& violations);

// Where the findings point into.
struct QuerySource {
  std::string name;  // "query.sql"; for the first column of each line
  std::string text;
};
// "query.sql:3:8: R07 ..." with the line, a caret under the place, and the mend, as compilers do it.
std::string RenderFindings(const std::vector<agreement::ReportFinding>& findings, const QuerySource& source);

// The report's object (docs/formats/report.md) for people: what the query does, how it is protected, and which column
// reaches which output. Members that this version does not know are shown as they are: nothing that is signed is left
// out.
std::string RenderReport(const codec::JsonObject& report, const OutputStyle& style);

// Any object, members in its own order: texts as lines, lists as bullets.
std::string RenderObject(const codec::JsonObject& object);

// Names for thumbprints, out of the charter.
std::string PersonName(const agreement::Charter& charter, const agreement::Thumbprint& thumbprint);
std::string PeopleNames(const agreement::Charter& charter, const std::vector<agreement::Thumbprint>& people);

// "visits: 1 run"; with differential privacy also epsilon and delta.
std::string ChargeWords(const agreement::Charge& charge, const std::string& dataset_name);

}  // namespace cloister::cli
