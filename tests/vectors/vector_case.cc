#include "vectors/vector_case.h"

#include <array>

#include "vectors/mutation.h"

namespace cloister::vectors {
namespace {

// The README's table.
constexpr std::array kMembers = {
    "id",   "how_known", "note",          "inputs",       "mutations", "now",   "nonce_hex",
    "bank", "expect",    "failing_check", "tcb_status",   "also",      "counts", "expected_instance",
    "pcrs", "rtmr0",     "event_log_hex", "table_hex",    "policy",
};
constexpr std::array kInputs = {
    "report",
    "vek",
    "chain",
    "crl",
    "quote",
    "collateral",
    "root",
    "token",
    "jwks",
    "jwks_inline",
    "attestation",
    "signature",
    "pcrs",
    "ak_cert",
    "cert",
    "intermediates",
    "intermediates_bytes_hex",
    "event_log",
    "cel",
    "ccel",
    "evidence",
    "azure_evidence",
    "hcl_report",
    "tpm_quote",
    "jwk",
    "vector",
    "vectors",
    "token_text",
    "expected",
};

template <typename Names>
bool Contains(const Names& names, std::string_view name) {
  for (std::string_view known : names) {
    if (known == name) return true;
  }
  return false;
}

template <typename Names>
void AllowOnly(const JsonObject& object, const Names& names, std::string_view what) {
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (!Contains(names, name)) throw VectorError(std::string(what) + " " + std::string(name));
  }
}

}  // namespace

VectorCase::VectorCase(const Json& element, std::filesystem::path root)
    : members_(AsObject(element, "a case")), root_(std::move(root)), id_(Text(members_, "id")) {
  AllowOnly(members_, kMembers, "unknown word in the case:");
  inputs_ = Object(members_, "inputs");
  AllowOnly(inputs_, kInputs, "unknown input:");
  if (members_.contains("mutations")) mutations_ = Array(members_, "mutations");
  for (const Json& mutation : mutations_) {
    const std::string input = TextOr(AsObject(mutation, "a mutation"), "input", "");
    if (!inputs_.contains(input) && !(input.empty() && inputs_.size() == 1)) {
      throw VectorError("a mutation of an input that is not there: " + input);
    }
  }
}

Bytes VectorCase::Input(std::string_view name) const {
  const std::filesystem::path relative = Text(inputs_, name);
  for (const auto& part : relative) {
    if (relative.is_absolute() || part == "..") {
      throw VectorError("an input outside the root: " + relative.string());
    }
  }
  Bytes bytes = ReadFile((root_ / relative).string());
  for (const Json& mutation : mutations_) {
    const JsonObject& members = mutation.get_object();
    if (TextOr(members, "input", name) == name) Mutate(members, bytes);
  }
  return bytes;
}

std::optional<JsonObject> VectorCase::Counts() const {
  if (!members_.contains("counts")) return std::nullopt;
  return Object(members_, "counts");
}

void VectorCase::AllowMembers(std::initializer_list<std::string_view> names) const {
  for (const auto& member : members_) {
    const std::string_view name(member.key().data(), member.key().size());
    constexpr std::array kAlways = {"id", "how_known", "note", "inputs", "mutations", "expect"};
    if (!Contains(kAlways, name) && !Contains(names, name)) {
      throw VectorError("a case of this kind has no rule for " + std::string(name));
    }
  }
}

void VectorCase::AllowInputs(std::initializer_list<std::string_view> names) const {
  AllowOnly(inputs_, names, "a case of this kind has no rule for input");
}

Failure CheckCounts(const VectorCase& vector_case,
                    const std::map<std::string, std::size_t, std::less<>>& found) {
  const auto counts = vector_case.Counts();
  if (!counts) return std::nullopt;
  for (const auto& count : *counts) {
    const std::string name(count.key());
    const auto at = found.find(name);
    if (at == found.end()) throw VectorError("no rule for the count " + name);
    if (at->second != Unsigned(*counts, name)) {
      return "the file has " + std::to_string(at->second) + " of " + name + ", not as many as counts says";
    }
  }
  return std::nullopt;
}

Failure RunCase(const VectorCase& vector_case) {
  if (vector_case.HasInput("vector")) return RunAgeCase(vector_case);
  if (!vector_case.HasInput("vectors")) throw VectorError("no rule for a case with these inputs");
  vector_case.AllowInputs({"vectors"});
  const Json file = ReadJson(vector_case.Input("vectors"));
  if (file.is_array()) return RunTlogCase(vector_case, file);
  if (file.is_object() && file.get_object().contains("testGroups")) {
    return RunWycheproofCase(vector_case, file.get_object());
  }
  throw VectorError("no rule for a vectors file of this shape");
}

}  // namespace cloister::vectors
