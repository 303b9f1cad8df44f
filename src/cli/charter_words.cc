#include "cli/charter_words.h"

#include "cli/printable.h"

namespace cloister::cli {

Table ParticipantTable(const agreement::Charter& charter, const agreement::Thumbprint& me) {
  Table table({{"PARTICIPANT"}, {"ORGANISATION"}, {"ROLES"}, {"THUMBPRINT"}});
  for (const agreement::Participant& each : charter.participants) {
    std::string roles;
    for (const auto role : each.roles) {
      roles += (roles.empty() ? "" : ", ") + std::string(agreement::ParticipantRoleName(role));
    }
    table.Add({Printable(each.email) + (each.thumbprint == me ? " (you)" : ""), Printable(each.organisation), roles,
               each.thumbprint});
  }
  return table;
}

}  // namespace cloister::cli
