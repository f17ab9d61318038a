// MySQL and MariaDB on their real servers: the suite, and what only they can get wrong.
#include "connectors/mysql/mysql.h"

#include "tests/connectors/conformance.h"
#include "tests/connectors/mysql_backend.h"

namespace vhookd::conformance {

INSTANTIATE_TEST_SUITE_P(Mariadb, Conformance, ::testing::Values(testing::mysql_backend("mariadb")));
INSTANTIATE_TEST_SUITE_P(Mysql, Conformance, ::testing::Values(testing::mysql_backend("mysql")));

}  // namespace vhookd::conformance
