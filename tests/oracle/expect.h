#pragma once

// What may be shown, counted by hand from the plain rows: written from the rules (R07, R08, R17, R22, R24) without a
// look at the compiler's plans.

#include <map>
#include <set>

#include "question.h"

namespace cloister::oracle {

// A number, or nothing where it is held back.
struct Cell {
  std::optional<double> value;
  std::set<std::size_t> rows;  // what the number was made of, as indices into Rows()
};

struct ExpectedRow {
  std::vector<std::string> keys;  // "NULL" where a total leaves the key out
  std::vector<Cell> cells;
};

// People, or people joined with events, after the question's filters.
std::vector<Row> RowsOf(const World& world, bool joined, const std::vector<Test>& where);
std::vector<ExpectedRow> Expect(const World& world, const Question& question);
// What an attacker could compute from what is shown: two cells of which one holds the other, or a total minus its
// parts. Empty when nothing is about 1..k-1 persons.
std::string Subtract(const World& world, const Question& question, const std::vector<ExpectedRow>& shown);

}  // namespace cloister::oracle
