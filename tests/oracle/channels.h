#pragma once

// What an answer could tell beside its numbers: by its order, by an error, by being empty in another way than for
// nobody. Time and size are the enclave's (enclave/pacer.h, engine/result_json.h) and tested there; that a refusal
// depends on no data follows from the compiler, which sees none.

#include "expect.h"
#include "lab.h"

namespace cloister::oracle {

struct Asked {
  Question question;
  attacks::Answer answer;
};

// Empty when no channel is open. Changes the tables and makes them again.
std::string CheckChannels(attacks::Lab& lab, const World& world, const std::vector<Asked>& asked);

}  // namespace cloister::oracle
