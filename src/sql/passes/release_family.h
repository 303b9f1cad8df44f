#pragma once

// Rule R17: releases of the same rows in one query, protected together, so that no sum or difference of what they show
// is about a few persons.
//
//   keys {hospital}  n = COUNT(*)      has all keys of the family: cells that differ by 1..k-1 persons from a cell of
//                                      another such release are held back (UnitAggregate::differences)
//   keys {}          t = COUNT(*)      has fewer: made of the rows of those hospitals that may be shown
//                                      (Release::finest), so that t minus the n that are shown is nothing

#include <set>
#include <string>
#include <vector>

#include "sql/passes/release_form.h"

namespace cloister::sql {

struct FamilyMember {
  const BlockForm* form = nullptr;  // of the release's block; rows() of all members are equal
  Release* release = nullptr;
  std::vector<ExprPtr> extras;  // filters of its block that not all members have
};

class ReleaseFamily {
 public:
  // `common`: forms of the filters that all have.
  ReleaseFamily(std::vector<FamilyMember> members, std::set<std::string> common);

  // In how many ways the members select rows; the work of Guard() and of the plan grows with its square.
  std::size_t selections() const { return selections_.size(); }
  // Writes the protections into the releases. False when an expression of one cannot be said over another's tables;
  // then the releases must not be used.
  bool Guard();

 private:
  struct Selection {
    std::size_t owner;
    bool whole;  // its owner has all keys
    std::string form;
    ExprPtr test;  // over the owner's block; null: all rows
  };
  bool HasAllKeys(const FamilyMember& member) const;
  void Select(std::size_t owner, const ExprPtr& test);
  bool GuardDifferences(std::size_t index);
  bool AttachFinest(const FamilyMember& member);

  std::vector<FamilyMember> members_;
  std::set<std::string> common_;
  struct Key {
    std::size_t owner;
    ExprPtr expr;
  };
  std::map<std::string, Key> keys_;  // by form
  std::vector<Selection> selections_;
};

}  // namespace cloister::sql
