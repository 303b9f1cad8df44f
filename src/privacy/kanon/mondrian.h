#pragma once

// Multidimensional partitioning (LeFevre, DeWitt, Ramakrishnan: "Mondrian multidimensional k-anonymity", 2006): all
// rows are one part; a part is cut at the median of the quasi-identifier in which it is widest, as long as both halves
// keep the rule; then of the next widest, until none can be cut. So where people are many the classes are fine, and
// where they are few they are coarse; nobody is suppressed unless the whole table breaks the rule.
//
//   ages 20 21 22 | 40 41 60 62, k = 3    cut at the median 40: {20 21 22}, {40 41 60 62}; neither can be cut again
//
// Strict: rows with one value stay on one side. Relaxed: rows with the median's value fill both sides evenly, by row
// number, so boxes may touch. Codes are cut in their order: give neighbours neighbouring codes.
//
// A class is written at the lowest level of each column at which all its rows agree; a column whose highest level still
// tells values apart is only cut, never joined, at that level. Cost: rows * depth * columns; the recursion is at most
// kMondrianDepthMax deep.

#include "privacy/kanon/full_domain.h"

namespace cloister::privacy {

inline constexpr int kMondrianDepthMax = 64;

enum class Partitioning { kStrict, kRelaxed };

// Errors as GeneraliseFullDomain's. Every column's highest level must be one value for all: kInvalidArgument.
Result<Anonymised> PartitionMondrian(const AnonymousTable& table, std::int64_t k, Partitioning partitioning);

}  // namespace cloister::privacy
