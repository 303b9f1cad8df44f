#include "channels.h"

#include <algorithm>

namespace cloister::oracle {
namespace {

constexpr std::string_view kLevel = "aggregate_only";

attacks::Outcome Fresh(attacks::Lab& lab, const Question& question) {
  lab.ForgetHistory();
  return lab.Run(question.sql, std::string(kLevel));
}

std::string Rebuilt(attacks::Lab& lab, bool reversed = false) {
  const Status done = lab.Rebuild(reversed);
  return done ? "" : done.error().public_message;
}

// The same rows stored the other way round give the same bytes.
std::string CheckOrder(attacks::Lab& lab, const std::vector<Asked>& asked) {
  if (std::string problem = Rebuilt(lab, true); !problem.empty()) return problem;
  for (const Asked& one : asked) {
    if (Fresh(lab, one.question).answer == one.answer) continue;
    return "the order of rows shows in " + one.question.sql;
  }
  return Rebuilt(lab);
}

// Values at the ends of their types raise nothing.
std::string CheckErrors(attacks::Lab& lab, const std::vector<Asked>& asked) {
  const char* const changes[] = {
      "UPDATE \"ds_people\" SET pay = 9223372036854775807, age = 2147483647 WHERE id % 3 = 0",
      "UPDATE \"ds_people\" SET pay = -9223372036854775808, age = -2147483648, town = NULL WHERE id % 3 = 1",
      "UPDATE \"ds_events\" SET price = 9223372036854775807, kind = NULL WHERE person % 2 = 0",
      "INSERT INTO \"ds_people\" SELECT * REPLACE (NULL AS id) FROM \"ds_people\""};
  for (const char* change : changes) {
    if (const Status done = lab.Change(change); !done) return done.error().public_message;
    for (const Asked& one : asked) {
      const attacks::Outcome outcome = Fresh(lab, one.question);
      if (!outcome.error.empty()) return "data makes an error of " + one.question.sql + ": " + outcome.error;
    }
  }
  return Rebuilt(lab);
}

// Too few persons and nobody at all give the same bytes.
std::string CheckExistence(attacks::Lab& lab, const World& world, const Asked& one) {
  const Question& question = one.question;
  const bool plain = question.shape == Question::Shape::kPlain && !question.joined && !question.where.empty();
  if (!plain || RowsOf(world, false, question.where).empty() || !Expect(world, question).empty()) return "";
  std::string where;
  for (const Test& test : question.where) where += (where.empty() ? "" : " AND ") + test.sql;
  if (const Status done = lab.Change("DELETE FROM \"ds_people\" WHERE " + where); !done)
    return done.error().public_message;
  const bool same = Fresh(lab, question).answer == one.answer;
  if (std::string problem = Rebuilt(lab); !problem.empty()) return problem;
  return same ? "" : "few persons look different from nobody in " + question.sql;
}

}  // namespace

std::string CheckChannels(attacks::Lab& lab, const World& world, const std::vector<Asked>& asked) {
  for (const Asked& one : asked) {
    if (std::string problem = CheckExistence(lab, world, one); !problem.empty()) return problem;
  }
  if (std::string problem = CheckOrder(lab, asked); !problem.empty()) return problem;
  return CheckErrors(lab, asked);
}

}  // namespace cloister::oracle
