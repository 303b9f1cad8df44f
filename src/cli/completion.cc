#include "cli/completion.h"

#include <algorithm>
#include <functional>
#include <set>

#include "cli/run.h"

namespace cloister::cli {
namespace {

// Each node with the words that lead to it: "", "env", "env show".
using Visit = std::function<void(const std::string& path, const CommandNode& node)>;

void Walk(const CommandNode& node, const std::string& path, const Visit& visit) {
  visit(path, node);
  for (const CommandNode& command : node.commands) {
    Walk(command, path + (path.empty() ? "" : " ") + command.name, visit);
  }
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// Inside single quotes of any of the three shells.
std::string Quoted(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "'" + out + "'";
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> OptionWords(const CommandNode& node) {
  std::vector<std::string> words;
  for (const CommandOption& option : node.options) words.insert(words.end(), option.names.begin(), option.names.end());
  return words;
}

// What may be typed at one place. Global options are not among it: they may stand behind any verb.
std::string Words(const CommandNode& node, bool is_root) {
  std::vector<std::string> words;
  for (const CommandNode& command : node.commands) words.push_back(command.name);
  for (const CommandOption& option : node.options) {
    if (option.names.empty()) words.insert(words.end(), option.words.begin(), option.words.end());
  }
  const std::vector<std::string> options = is_root ? std::vector<std::string>{} : OptionWords(node);
  words.insert(words.end(), options.begin(), options.end());
  return Joined(words);
}

std::string GlobalWords(const CommandNode& root) { return Joined(OptionWords(root)); }

std::string ValueOptions(const CommandNode& root, const std::string& separator) {
  std::set<std::string> names;
  Walk(root, "", [&](const std::string&, const CommandNode& node) {
    for (const CommandOption& option : node.options) {
      if (option.takes_value) names.insert(option.names.begin(), option.names.end());
    }
  });
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : separator) + name;
  return text;
}

// The commands by path, as branches of a shell's `case`.
std::string Cases(const CommandNode& root, const std::string& assign) {
  std::string text;
  Walk(root, "", [&](const std::string& path, const CommandNode& node) {
    text += "    " + Quoted(path) + ") " + assign + Quoted(Words(node, path.empty())) + " ;;\n";
  });
  return text;
}

// The words that an option takes, where it takes words: one name means others behind another verb, such as --format.
std::string ValueCases(const CommandNode& root, const std::string& assign) {
  std::string text;
  Walk(root, "", [&](const std::string& path, const CommandNode& node) {
    for (const CommandOption& option : node.options) {
      for (const std::string& name : option.names) {
        if (option.words.empty()) continue;
        text += "    " + Quoted(path + " " + name) + ") " + assign + Quoted(Joined(option.words)) + " ;;\n";
      }
    }
  });
  return text;
}

// Where paths are taken: "dataset upload" for what stands by itself, "dataset upload --schema" behind an option. What
// takes an id or a name is offered no files: nobody means one there.
std::string PathCases(const CommandNode& root) {
  std::string text;
  Walk(root, "", [&](const std::string& path, const CommandNode& node) {
    for (const CommandOption& option : node.options) {
      if (!option.takes_path) continue;
      const std::string before = path.empty() ? "*" : Quoted(path);  // the root's stand behind any verb
      if (option.names.empty()) text += (text.empty() ? "" : "|") + before;
      for (const std::string& name : option.names) text += (text.empty() ? "" : "|") + before + "' " + name + "'";
    }
  });
  return text;
}

bool TakesPathItself(const CommandNode& node) {
  return std::any_of(node.options.begin(), node.options.end(),
                     [](const CommandOption& option) { return option.names.empty() && option.takes_path; });
}

std::string FishDescription(const std::string& help) { return help.empty() ? "" : " -d " + Quoted(FirstLine(help)); }

// Two conditions: what was typed already, and the verb under which it is offered.
std::string FishLine(const std::string& path, const std::string& rest) {
  return "complete -c cloister -n " + Quoted("test (__cloister_path) = \"" + path + "\"") + rest + "\n";
}

std::string FishOption(const CommandOption& option) {
  std::string text;
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.words.empty()) return text + " -x -a " + Quoted(Joined(option.words)) + FishDescription(option.help);
  const std::string value = !option.takes_value ? "" : option.takes_path ? " -r -F" : " -x";
  return text + value + FishDescription(option.help);
}

}  // namespace

std::string BashCompletion(const CommandNode& root) {
  return "# bash completion of cloister; load it with: source <(cloister completion bash)\n"
         "_cloister() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path='' words='' i word next\n"
         "  COMPREPLY=()\n"
         // The shell takes --level=full for three words.
         "  [[ $current == = ]] && current=''\n"
         "  [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD-2]}\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    word=${COMP_WORDS[i]}\n"
         "    case $word in\n"
         "      " +
         ValueOptions(root, "|") +
         ") ((i++)); [[ ${COMP_WORDS[i]} == = ]] && ((i++)); continue ;;\n"
         "      -*) continue ;;\n"
         "    esac\n"
         "    next=\"${path:+$path }$word\"\n"
         "    _cloister_words \"$next\" && path=$next\n"
         "  done\n"
         "  case $before in\n"
         "    " +
         ValueOptions(root, "|") +
         ") if _cloister_values \"$path $before\"; then COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "      else _cloister_files \"$path $before\"; fi; return ;;\n"
         "  esac\n"
         "  _cloister_words \"$path\"\n"
         "  COMPREPLY=($(compgen -W \"$words " +
         GlobalWords(root) +
         "\" -- \"$current\"))\n"
         "  [[ ${#COMPREPLY[@]} -eq 0 && $current != -* ]] && _cloister_files \"$path\"\n"
         "}\n"
         // One name a line, and marked as files: the shell quotes `my file.csv` then, and puts a slash behind a folder.
         "_cloister_files() {\n"
         "  case $1 in\n"
         "    " +
         PathCases(root) +
         ") mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
         "      compopt -o filenames 2> /dev/null ;;\n"
         "  esac\n"
         "}\n"
         "_cloister_values() {\n"
         "  case $1 in\n" +
         ValueCases(root, "words=") +
         "    *) return 1 ;;\n"
         "  esac\n"
         "}\n"
         "_cloister_words() {\n"
         "  case $1 in\n" +
         Cases(root, "words=") +
         "    *) return 1 ;;\n"
         "  esac\n"
         "}\n"
         "complete -F _cloister cloister\n";
}

std::string ZshCompletion(const CommandNode& root) {
  return "#compdef cloister\n"
         "# zsh completion of cloister; put it into a folder of $fpath as _cloister\n"
         "_cloister_words() {\n"
         "  case $1 in\n" +
         Cases(root, "found=") +
         "    *) return 1 ;;\n"
         "  esac\n"
         "}\n"
         "_cloister_values() {\n"
         "  case $1 in\n" +
         ValueCases(root, "found=") +
         "    *) return 1 ;;\n"
         "  esac\n"
         "}\n"
         "_cloister_paths() {\n"
         "  case $1 in\n"
         "    " +
         PathCases(root) +
         ") _files ;;\n"
         "  esac\n"
         "}\n"
         "_cloister() {\n"
         "  local path_so_far='' found='' word before=${words[CURRENT-1]} i\n"
         "  for ((i = 2; i < CURRENT; i++)); do\n"
         "    word=${words[i]}\n"
         "    case $word in\n"
         "      " +
         ValueOptions(root, "|") +
         ") ((i++)); continue ;;\n"
         "      -*) continue ;;\n"
         "    esac\n"
         "    _cloister_words \"${path_so_far:+$path_so_far }$word\" && path_so_far=\"${path_so_far:+$path_so_far "
         "}$word\"\n"
         "  done\n"
         "  [[ ${words[CURRENT]} == --*=* ]] && before=${words[CURRENT]%%=*} && compset -P '*='\n"
         "  case $before in\n"
         "    " +
         ValueOptions(root, "|") +
         ") if _cloister_values \"$path_so_far $before\"; then compadd -- ${=found}\n"
         "      else _cloister_paths \"$path_so_far $before\"; fi; return ;;\n"
         "  esac\n"
         "  _cloister_words \"$path_so_far\"\n"
         "  compadd -- ${=found} " +
         GlobalWords(root) +
         " || _cloister_paths \"$path_so_far\"\n"
         "}\n"
         "compdef _cloister cloister\n";
}

std::string FishCompletion(const CommandNode& root) {
  std::string text =
      "# fish completion of cloister; put it into ~/.config/fish/completions/cloister.fish\n"
      "function __cloister_path\n"
      "  set -l path ''\n"
      "  set -l value 0\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    if test $value -eq 1\n"
      "      set value 0\n"
      "      continue\n"
      "    end\n"
      "    contains -- $word " +
      ValueOptions(root, " ") +
      "; and set value 1\n"
      "    string match -q -- '-*' $word; and continue\n"
      "    set -l next (string trim -- \"$path $word\")\n"
      "    contains -- $next $__cloister_paths; and set path $next\n"
      "  end\n"
      "  echo $path\n"
      "end\n"
      "set -g __cloister_paths";
  Walk(root, "", [&](const std::string& path, const CommandNode&) {
    if (!path.empty()) text += " " + Quoted(path);
  });
  text += "\n";
  Walk(root, "", [&](const std::string& path, const CommandNode& node) {
    if (!TakesPathItself(node)) text += FishLine(path, " -f");
    for (const CommandNode& command : node.commands) {
      text += FishLine(path, " -f -a " + command.name + FishDescription(command.help));
    }
    for (const CommandOption& option : node.options) {
      if (option.names.empty() && option.words.empty()) continue;
      text += path.empty() ? "complete -c cloister" + FishOption(option) + "\n" : FishLine(path, FishOption(option));
    }
  });
  return text;
}

Result<ExitCode> Run(Context& context, const CompletionVerb& verb) {
  const CommandNode root = DescribeCommandLine();
  if (verb.shell == "bash") {
    context.out.Raw(BashCompletion(root));
  } else if (verb.shell == "zsh") {
    context.out.Raw(ZshCompletion(root));
  } else {
    context.out.Raw(FishCompletion(root));
  }
  return ExitCode::kOk;
}

}  // namespace cloister::cli
