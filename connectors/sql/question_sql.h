// The SQL of each question. Pure.
#pragma once

#include "connectors/sql/dialect.h"
#include "connectors/sql/query.h"
#include "core/question.h"

namespace vhookd {

Query query_of(const Dialect& dialect, const Question& question);

}  // namespace vhookd
