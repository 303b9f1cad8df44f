#pragma once

// One element of a cases.json: what to read, what to change in it, and what must come out. Every member must
// be a word of the vectors' README and mean something to the kind of case, so that no condition is silently
// left out.

#include <filesystem>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "vectors/vector_json.h"

namespace cloister::vectors {

class VectorCase {
 public:
  // Paths in `inputs` start at `root` and stay below it.
  VectorCase(const Json& element, std::filesystem::path root);

  const std::string& id() const { return id_; }
  bool HasInput(std::string_view name) const { return inputs_.contains(name); }
  // The file's bytes after the mutations.
  Bytes Input(std::string_view name) const;
  bool IsMutated() const { return !mutations_.empty(); }
  std::string Expect() const { return Text(members_, "expect"); }
  // Absent: nothing to check.
  std::optional<JsonObject> Counts() const;

  // Throws if the case has another member than these, or than id, how_known, note, inputs, mutations and
  // expect.
  void AllowMembers(std::initializer_list<std::string_view> names) const;
  void AllowInputs(std::initializer_list<std::string_view> names) const;

 private:
  JsonObject members_;
  std::filesystem::path root_;
  std::string id_;
  JsonObject inputs_;
  JsonArray mutations_;
};

// Why a case failed; absent if it passed.
using Failure = std::optional<std::string>;

// Whether the case's `counts` (if it has any) are the numbers found, by name. A count that the kind does not
// know throws.
Failure CheckCounts(const VectorCase& vector_case,
                    const std::map<std::string, std::size_t, std::less<>>& found);

Failure RunAgeCase(const VectorCase& vector_case);
Failure RunTlogCase(const VectorCase& vector_case, const Json& entries);
Failure RunWycheproofCase(const VectorCase& vector_case, const JsonObject& file);

// Chooses the kind by the inputs and by what they hold. A kind that no rule fits is an error.
Failure RunCase(const VectorCase& vector_case);

}  // namespace cloister::vectors
