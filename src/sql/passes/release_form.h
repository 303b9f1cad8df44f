#pragma once

// When two blocks read the same rows (rules R17, R24): their tables and joins as one text in which aliases and the
// order of things do not count, and a way to say an expression of one over the tables of the other.
//
//   FROM patients p JOIN visits v ON v.patient_id = p.patient_id     rows() of both is equal, and
//   FROM visits a JOIN patients b ON b.patient_id = a.patient_id     p.zip is Move()d to b.zip
//
// Value; immutable; holds no pointer into the block.

#include <map>
#include <optional>
#include <string>

#include "sql/passes/release.h"

namespace cloister::sql {

class BlockForm {
 public:
  // Nothing where tables cannot be told apart by what they are: a dataset twice, a derived public table.
  static std::optional<BlockForm> Of(const UnitBlock& block);

  // Tables, outer joins and semi-joins; filters and equalities are not in it.
  const std::string& rows() const { return rows_; }
  // The expression with each column by its table's meaning; equal for equal meaning by form.
  std::string Form(const ExprPtr& expr) const;
  // Null when it has a column of a table that `to` lacks.
  ExprPtr Move(const ExprPtr& expr, const BlockForm& to) const;
  // The datasets by id of the tables that are datasets as they are.
  bool HasDatasets(const ExprPtr& expr) const;

 private:
  bool AddTable(const UnitTable& table, std::map<std::string, int>& derived);
  std::string Describe(const UnitBlock& block, const std::map<std::string, int>& derived) const;

  std::map<int, std::string> names_;    // by source
  std::map<std::string, int> sources_;  // the other way
  std::string rows_;
};

}  // namespace cloister::sql
