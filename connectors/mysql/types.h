// MySQL's types as kinds of value. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/table.h"
#include "core/value.h"

namespace vhookd::mysql {

// What is done to a value's text between the wire and the caller.
enum class Form {
  as_it_came,
  digits,   // leading zeros taken off: ZEROFILL and YEAR, which no JSON number may have
  float32,  // a double's text printed as the shortest that gives the same float
  float64,  // printed anew as the shortest: DOUBLE(10,2) ZEROFILL has zeros at both ends
};

struct Shape {
  Kind kind = Kind::text;
  Form form = Form::as_it_came;
};

// The kind, and the select_as, of a catalogue column. `data_type` and `declared` are information_schema's
// DATA_TYPE and COLUMN_TYPE ("tinyint", "tinyint(1)"); `json_checked`: MariaDB's way of saying JSON.
Column column_of(std::string name, const std::string& data_type, const std::string& declared, bool json_checked);

// The shape of a result column that is the catalogue's column, selected by its select_as.
Shape shape_of(const Column& column);

// The shape of a result column that only its metadata tell of: Connector/C++'s name of the type.
Shape shape_of_type(std::string_view type_name);

// `text` in its form; `buffer` holds what is made anew.
std::string_view formed(Form form, std::string_view text, std::string& buffer);

}  // namespace vhookd::mysql
