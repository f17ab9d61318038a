#include "config/yaml.h"

#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>

namespace vhookd::config {

namespace {

constexpr std::size_t deepest = 32;  // a configuration nests 5 deep; yaml-cpp recurses for each level
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Turns byte offsets into places. yaml-cpp counts columns in bytes, people count characters.
class Places {
 public:
  Places(std::string_view source, int file) : source_(source), file_(file) {
    for (std::size_t i = 0; i < source.size(); ++i)
      if (source[i] == '\n') starts_.push_back(i + 1);
  }

  Place at(int line, int column) const {
    if (line < 0 || static_cast<std::size_t>(line) >= starts_.size()) return Place{file_, 1, 1};
    const auto text = source_.substr(starts_[static_cast<std::size_t>(line)], static_cast<std::size_t>(column));
    int characters = 1;
    for (const char c : text) characters += (c & 0xC0) != 0x80 ? 1 : 0;
    return Place{file_, line + 1, characters};
  }
  Place at(const YAML::Mark& mark) const { return at(mark.line, mark.column); }

  std::string_view rest(const YAML::Mark& mark) const {
    if (mark.line < 0 || static_cast<std::size_t>(mark.line) >= starts_.size()) return {};
    return source_.substr(starts_[static_cast<std::size_t>(mark.line)] + static_cast<std::size_t>(mark.column));
  }

  // Of an absent value yaml-cpp gives the place of what follows; this is the end of what stands before it.
  Place before(const YAML::Mark& mark) const {
    const auto text = source_.substr(0, source_.size() - rest(mark).size());
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    return at_byte(last == std::string_view::npos ? 0 : last);
  }

  std::string_view line_of(YAML::Mark mark) const {
    mark.column = 0;
    const auto text = rest(mark);
    return text.substr(0, text.find('\n'));
  }

  bool indented_by_tab(const YAML::Mark& mark) const {
    const auto line = line_of(mark);
    const std::size_t first = line.find_first_not_of(' ');
    return first != std::string_view::npos && line[first] == '\t';
  }

  Place at_byte(std::size_t offset) const {
    const auto next = std::ranges::upper_bound(starts_, offset);
    const auto line = static_cast<std::size_t>(next - starts_.begin()) - 1;
    return at(static_cast<int>(line), static_cast<int>(offset - starts_[line]));
  }

 private:
  std::string_view source_;
  std::vector<std::size_t> starts_ = {0};
  int file_;
};

struct TooDeep {
  Place at;
};

// yaml-cpp takes the end of the file for the closing quote, and with it all that was meant to follow.
bool closed(std::string_view scalar) {
  if (scalar.empty() || (scalar[0] != '"' && scalar[0] != '\'')) return true;  // a block
  for (std::size_t i = 1; i < scalar.size(); ++i) {
    const bool escape = scalar[0] == '"' ? scalar[i] == '\\' : scalar.substr(i, 2) == "''";
    if (escape) {
      ++i;
    } else if (scalar[i] == scalar[0]) {
      return true;
    }
  }
  return false;
}

// Builds the tree out of yaml-cpp's events. Its own Node is not used: it merges, converts and expands.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const Places& places, Report& report) : places_(places), report_(report) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) refuse(mark, "a second document, or something stray after the first; keep one document");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "", anchor);
    Node node;
    const auto text = places_.rest(mark);
    const bool written = !text.empty() && (text[0] == '~' || text[0] == 'n' || text[0] == 'N');
    const bool has_key = !open_.empty() && open_.back().key;
    node.place = has_key ? open_.back().key->place : written ? places_.at(mark) : places_.before(mark);
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "an alias; write the value out, or put it under defaults");
    add_refused(mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    if (tag == "!" && !closed(places_.rest(mark))) {
      refuse(mark, "a quote that is never closed; close it");
      return add_refused(mark);  // its text is the rest of the file, secrets and all
    }
    add(Node{tag == "!" ? Node::Type::quoted : Node::Type::plain, places_.at(mark), value, {}, {}});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(Node{Node::Type::list, places_.at(mark), "", {}, {}});
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(Node{Node::Type::map, places_.at(mark), "", {}, {}});
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    std::optional<Node> key;  // of a map: read, and its value not yet
  };

  void refuse(const YAML::Mark& mark, std::string_view what) { report_.error(places_.at(mark), "yaml", what); }

  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) refuse(mark, "an anchor; write the value out where it is needed, or put it under defaults");
    if (!tag.empty() && tag != "!" && tag != "?")
      refuse(mark, "a tag; leave it out, and put text that looks like a number in quotes");
  }

  void add_refused(const YAML::Mark& mark) {
    if (!open_.empty() && open_.back().node.type == Node::Type::list) return;
    add(Node{Node::Type::refused, places_.at(mark), "", {}, {}});
  }

  void open(Node node) {
    if (open_.size() >= deepest) throw TooDeep{node.place};
    open_.push_back({std::move(node), std::nullopt});
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (open_.empty()) {
      if (documents_ == 1) root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.type == Node::Type::list) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.key) {
      if (parent.key->type != Node::Type::refused)
        parent.node.entries.push_back({std::move(*parent.key), std::move(node)});
      parent.key.reset();
    } else {
      const bool text = node.type == Node::Type::plain || node.type == Node::Type::quoted;
      if (!text && node.type != Node::Type::refused)
        report_.error(node.place, "yaml", "a key that is no text; write a name before the colon");
      if (!text) node.type = Node::Type::refused;
      parent.key = std::move(node);
    }
  }

  const Places& places_;
  Report& report_;
  Node root_;
  std::vector<Open> open_;
  int documents_ = 0;
};

// Bytes that yaml-cpp would take for another encoding or for the end of the file.
std::optional<std::size_t> control_byte(std::string_view source) {
  for (std::size_t i = 0; i < source.size(); ++i) {
    const auto c = static_cast<unsigned char>(source[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) return i;
  }
  return std::nullopt;
}

std::size_t first_invalid_byte(std::string_view source) {
  std::size_t valid = 0;
  for (std::size_t end = 1; end <= source.size() && end - valid <= 4; ++end)
    if (simdjson::validate_utf8(source.data() + valid, end - valid)) valid = end;
  return valid;
}

}  // namespace

std::optional<Node> parse_yaml(const std::string& bytes, int file, Report& report) {
  std::string_view source = bytes;
  if (source.starts_with(byte_order_mark)) source.remove_prefix(byte_order_mark.size());
  const Places places(source, file);
  if (!simdjson::validate_utf8(source.data(), source.size())) {
    report.error(places.at_byte(first_invalid_byte(source)), "yaml",
                 "bytes that are not UTF-8; save the file as UTF-8");
    return std::nullopt;
  }
  if (const auto offset = control_byte(source)) {
    report.error(places.at_byte(*offset), "yaml", "a control character; remove it");
    return std::nullopt;
  }
  Builder builder(places, report);
  try {
    std::istringstream stream{std::string(source)};
    YAML::Parser parser(stream);
    // Twice and no more: at a stray comma yaml-cpp hands out empty documents for ever.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
  } catch (const TooDeep& deep) {
    report.error(deep.at, "yaml", "nested too deep for a configuration");
    return std::nullopt;
  } catch (const YAML::Exception& fault) {
    std::string mend = "look at indentation, quotes and brackets here and just above";
    if (places.line_of(fault.mark).contains("${")) mend = "inside { } or [ ] put a text with ${…} in quotes";
    if (places.indented_by_tab(fault.mark)) mend = "indent with spaces, not with a tab";
    report.error(places.at(fault.mark), "yaml", "not valid YAML (" + fault.msg + "); " + mend);
    return std::nullopt;
  }
  return builder.take();
}

}  // namespace vhookd::config
