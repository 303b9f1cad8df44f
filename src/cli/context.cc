#include "cli/context.h"

namespace cloister::cli {

Result<bool> Confirm(Context& context, std::string_view question) {
  if (context.flags.yes) return true;
  if (!context.input_is_terminal) {
    return InvalidArgument("nobody is there to ask \"" + std::string(question) +
                           "\"; look at what was shown, then run it again with --yes");
  }
  context.out.talk() << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(context.input, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace cloister::cli
