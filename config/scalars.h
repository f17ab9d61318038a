// The forms of single values: text, numbers, durations, choices, names.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "config/form.h"

namespace vhookd::config {

// The text of a scalar with its references resolved. Refuses null, lists, maps, booleans, and unquoted numbers that
// other readers of YAML take for something else. A plain number is its text as written.
std::optional<Text> read_text(const Input& in);

// The same for a text that is printed and sent as it is: no control characters, 1 to `longest` bytes, and a notice
// where a stored secret stands in it.
std::optional<std::string> read_public_text(const Input& in, std::size_t longest = 1000);

bool has_control(std::string_view text);

Form<std::string> text(std::size_t longest = 1000);
Form<std::string> token_text(std::size_t longest);  // letters, digits, . _ -
Form<std::string> absolute_path(std::size_t longest = 4000);
Form<bool> boolean();
Form<int> integer(int least, int most);

enum class Bare { refused, minutes };
Form<std::chrono::milliseconds> duration(std::chrono::milliseconds least, std::chrono::milliseconds most,
                                         Bare bare = Bare::refused);
Form<std::int64_t> bytes(std::int64_t least, std::int64_t most);
Form<double> number(double least, double most);  // without an exponent
Form<double> share();

// Names, unique and not empty: a comma-separated text or a list.
Form<std::vector<std::string>> names();

// An optional member takes what the plain form reads.
template <class V>
Form<std::optional<V>> optional(Form<V> form) {
  return {std::move(form.schema), [read = std::move(form.read)](const Input& in) -> std::optional<std::optional<V>> {
            auto value = read(in);
            if (!value) return std::nullopt;
            return std::optional<std::optional<V>>(std::move(value));
          }};
}

// The index of what was written among `words`; else an error that names the nearest.
std::optional<std::size_t> read_choice(const Input& in, const std::vector<std::string>& words);
std::string choice_schema(const std::vector<std::string>& words);

template <class V>
Form<V> choice(std::vector<std::pair<std::string, V>> choices) {
  std::vector<std::string> words;
  for (const auto& [word, value] : choices) words.push_back(word);
  std::string schema = choice_schema(words);
  return {std::move(schema),
          [words = std::move(words), choices = std::move(choices)](const Input& in) -> std::optional<V> {
            const auto index = read_choice(in, words);
            if (!index) return std::nullopt;
            return choices[*index].second;
          }};
}

// A schema of text that matches `pattern` from end to end, or holds a reference. `also`: further JSON types.
std::string text_schema(const std::string& pattern, const std::vector<std::string>& also = {});

}  // namespace vhookd::config
