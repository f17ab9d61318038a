// What a method keeps of a row: its key, and copies of values. Pure.
#pragma once

#include <string>

#include "core/error.h"
#include "scheduler/detect/plan.h"

namespace vhookd {

// The row's key as bytes; an error where a key value is NULL.
Result<std::string> key_of(const Plan& plan, Row row);

// A copy that owns its text, in the form in which it is bound to a question.
Param copy_of(const Value& value);
void copy_to(const Value& value, Param& copy);

}  // namespace vhookd
