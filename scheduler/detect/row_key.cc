#include "scheduler/detect/row_key.h"

#include "core/key.h"

namespace vhookd {

Result<std::string> key_of(const Plan& plan, Row row) {
  std::string bytes;
  for (const auto& key : plan.selection.key)
    if (!append_key(bytes, row[key.position]))
      return fail(Recourse::ask_operator, plan.webhook->id + ": key column " + key.name +
                                              " is NULL or floating point in a row, so the row can't be told from "
                                              "others; name other columns under key");
  return bytes;
}

Param copy_of(const Value& value) {
  Param copy;
  copy_to(value, copy);
  return copy;
}

void copy_to(const Value& value, Param& copy) {
  copy.kind = value.kind == Kind::hex ? Kind::text : value.kind;
  copy.null = value.null;
  copy.text.assign(value.kind == Kind::hex ? "\\x" : "");
  copy.text += value.text;
}

}  // namespace vhookd
