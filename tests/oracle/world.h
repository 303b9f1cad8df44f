#pragma once

// A random pair of tables of persons, small enough that the oracle may count everything by hand, with their policies.
// Deterministic: the same seed, the same world on every machine.

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "corpus.h"

namespace cloister::oracle {

struct Person {
  std::int64_t id = 0;
  std::string town;  // skewed: some values are rare
  std::string job;
  bool member = false;
  std::int64_t age = 0;             // a dimension, 0..59
  std::optional<std::int64_t> pay;  // a measure, 0..1000
};

struct Event {
  std::int64_t person = 0;
  std::string kind;
  std::int64_t price = 0;  // a measure, 0..500
};

struct World {
  std::int64_t people_k = 5;
  std::int64_t events_k = 5;
  std::vector<Person> people;
  std::vector<Event> events;
  attacks::Corpus corpus;  // the same as SQL and policies
};

using Dice = std::mt19937_64;
// Uniform in [0, n); spelled out, because std::uniform_int_distribution differs between libraries.
inline std::int64_t Roll(Dice& dice, std::int64_t n) {
  return static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(n));
}

World MakeWorld(Dice& dice);

}  // namespace cloister::oracle
