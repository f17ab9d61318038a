// Checks the manual pages and the shell completions against the program: they have every command, option and key that
// `vhookd --help` and `vhookd schema` print, and no other.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "tests/support/paths.h"
#include "tests/support/program.h"

namespace vhookd::testing {
namespace {

namespace fs = std::filesystem;

using Words = std::set<std::string>;

fs::path source(const std::string& name) {
  return fs::path(source_dir()) / name;
}

Words matches(const std::string& text, const std::string& pattern) {
  Words found;
  const std::regex wanted(pattern);
  for (std::sregex_iterator at(text.begin(), text.end(), wanted), end; at != end; ++at) found.insert((*at)[1]);
  return found;
}

struct Command {
  Arguments path;  // empty: the program itself
  Words commands;  // its subcommands
  Words options;   // long ones, without those of every command
};

const Words of_every_command = {"--help", "--config", "--state", "--log-level"};

std::vector<Command> commands(const Arguments& path = {}) {
  Arguments ask = path;
  ask.emplace_back("--help");
  const std::string help = run(ask).out;
  EXPECT_NE(help, "");
  Command command{.path = path, .commands = {}, .options = matches(help, "\n  (?:-[a-z],)?(--[a-z0-9-]+)")};
  EXPECT_TRUE(command.options.contains("--help")) << help;
  for (const auto& option : of_every_command) command.options.erase(option);
  if (const auto at = help.find("\nSubcommands:"); at != std::string::npos)
    command.commands = matches(help.substr(at), "\n  ([a-z]+) ");
  std::vector<Command> all = {command};
  for (const auto& name : command.commands) {
    Arguments below = path;
    below.push_back(name);
    for (auto& further : commands(below)) all.push_back(std::move(further));
  }
  return all;
}

std::string words_of(const Arguments& path) {
  std::string text = "vhookd";
  for (const auto& word : path) text += " " + word;
  return text;
}

TEST(Manual, OfTheProgramNamesEachCommandAndOptionAndNoOther) {
  const std::string page = read_file(source("docs/man/vhookd.1.scd"));
  const auto all = commands();
  EXPECT_GT(all.size(), 15U);
  Words options(of_every_command);
  for (const auto& command : all) {
    options.insert(command.options.begin(), command.options.end());
    if (command.path.empty() || !command.commands.empty()) continue;
    std::string heading;
    for (const auto& word : command.path) heading += (heading.empty() ? "\n*" : " *") + word + "*";
    const auto at = page.find(heading + (command.path.front() == "replay" ? " " : ""));
    ASSERT_NE(at, std::string::npos) << words_of(command.path) << " is not in vhookd.1.scd";
    const std::string entry = page.substr(at, page.find("\n\n", at) - at);
    for (const auto& option : command.options)
      EXPECT_NE(entry.find("*" + option + "*"), std::string::npos) << words_of(command.path) << ": " << option;
  }
  const Words said = matches(page, R"(\*(--[a-z0-9-]+)\*)");
  for (const auto& option : of_every_command) EXPECT_TRUE(said.contains(option)) << option;
  for (const auto& option : said) EXPECT_TRUE(options.contains(option)) << option << ": no command knows it";
}

void collect_keys(const nlohmann::json& schema, Words& keys) {
  if (schema.is_array()) {
    for (const auto& part : schema) collect_keys(part, keys);
  } else if (schema.is_object()) {
    for (const auto& [name, part] : schema.items()) {
      if (name == "properties")
        for (const auto& [key, ignored] : part.items()) keys.insert(key);
      collect_keys(part, keys);
    }
  }
}

TEST(Manual, OfTheConfigurationNamesEachKeyAndNoOther) {
  Words keys;
  collect_keys(nlohmann::json::parse(run({"schema"}).out), keys);
  EXPECT_GT(keys.size(), 40U);
  const std::string page = read_file(source("docs/man/vhookd.yaml.5.scd"));
  const Words said = matches(page, R"(\*([a-z_]+)\*)");
  for (const auto& key : keys) EXPECT_TRUE(said.contains(key)) << key << " is not in vhookd.yaml.5.scd";
  const auto start = page.find("# TOP LEVEL");
  const Words entries =
      matches(page.substr(start, page.find("# EXAMPLES") - start), R"(\n\n\t?\*([a-z_]+)\*(?:,|:|\n| \())");
  EXPECT_GT(entries.size(), 30U);
  for (const auto& key : entries) EXPECT_TRUE(keys.contains(key)) << key << " is no key of the configuration";
}

// What bash offers after these words.
Words bash_offers(const std::string& line) {
  const std::string script = "source " + source("completions/vhookd.bash").string() + "; COMP_WORDS=(" + line +
                             "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _vhookd; "
                             "printf '%s\\n' \"${COMPREPLY[@]}\"";
  const std::string command =
      "PATH=/usr/bin:/bin bash -c '" + std::regex_replace(script, std::regex("'"), "'\\''") + "'";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  Words offered;
  for (std::array<char, 256> buffer{}; fgets(buffer.data(), buffer.size(), pipe) != nullptr;) {
    std::string word(buffer.data());
    while (word.ends_with('\n')) word.pop_back();
    if (!word.empty()) offered.insert(word);
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  return offered;
}

TEST(Completions, OfBashOfferWhatTheProgramKnows) {
  for (const auto& command : commands()) {
    const std::string words = words_of(command.path);
    Words options(command.options);
    options.insert(of_every_command.begin(), of_every_command.end());
    EXPECT_EQ(bash_offers(words + " --"), options) << words;
    EXPECT_EQ(bash_offers("vhookd --config x --log-level info" + words.substr(6) + " --"), options) << words;
    if (command.commands.empty()) continue;
    Words offered = bash_offers(words + " \"\"");
    for (const auto& option : options) offered.erase(option);
    EXPECT_EQ(offered, command.commands) << words;
  }
  EXPECT_EQ(bash_offers("vhookd --log-level \"\""), (Words{"trace", "debug", "info", "warn", "error"}));
}

TEST(Completions, OfZshAndFishNameWhatTheProgramKnows) {
  const std::string zsh = read_file(source("completions/_vhookd"));
  const std::string fish = read_file(source("completions/vhookd.fish"));
  Words options(of_every_command);
  Words names;
  for (const auto& command : commands()) {
    options.insert(command.options.begin(), command.options.end());
    names.insert(command.commands.begin(), command.commands.end());
    if (command.path.size() != 1) continue;
    const auto at = zsh.find("        " + command.path[0]);
    const auto line = std::regex("\n        (?:[a-z]+ \\| )*" + command.path[0] + "(?: \\| [a-z]+)*\\)([^;]*)");
    std::smatch arguments;
    ASSERT_TRUE(std::regex_search(zsh, arguments, line)) << command.path[0] << " has no arguments in _vhookd " << at;
    for (const auto& option : command.options)
      EXPECT_TRUE(std::regex_search(arguments[1].str(), std::regex(option + "=?\\[")))
          << command.path[0] << " " << option;
    for (const auto& option : command.options)
      EXPECT_TRUE(std::regex_search(fish, std::regex("seen_subcommand_from [a-z ]*\\b" + command.path[0] +
                                                     "\\b[a-z ]*' -l " + option.substr(2) + " ")))
          << command.path[0] << " " << option;
  }
  options.insert("--version");
  EXPECT_EQ(matches(zsh, "['*](--[a-z0-9-]+)=?\\["), [&] {
    auto some = options;
    some.erase("--help");
    return some;
  }());
  EXPECT_EQ(matches(zsh, "\n    [\"']([a-z]+):"), names);
  Words long_options;
  for (const auto& option : matches(fish, "complete .* -l ([a-z0-9-]+)")) long_options.insert("--" + option);
  EXPECT_EQ(long_options, options);
  EXPECT_EQ(matches(fish, " -a ([a-z]+) "), names);
}

}  // namespace
}  // namespace vhookd::testing
