#include "kafka/transaction_listings.h"

#include "kafka/codec.h"

namespace sluice::kafka {

template struct Codec<DescribeProducersResponse>;
template struct Codec<DescribeProducersRequest>;
template struct Codec<DescribeTransactionsResponse>;
template struct Codec<DescribeTransactionsRequest>;
template struct Codec<ListTransactionsResponse>;
template struct Codec<ListTransactionsRequest>;

}  // namespace sluice::kafka
