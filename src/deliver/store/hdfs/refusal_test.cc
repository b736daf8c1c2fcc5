// The answers are those of Hadoop 3.4.1, word for word but for the stack traces.
#include "deliver/store/hdfs/refusal.h"

#include <gtest/gtest.h>

namespace sluice::deliver::store::hdfs {
namespace {

const Asked kAsked{"CREATE", "/archive/t/a", "NameNode nn:9870"};

io::WebAnswer remote(int status, const std::string& exception, const std::string& message) {
  return {status, {}, R"({"RemoteException":{"exception":")" + exception + R"(","javaClassName":"x.y.)" + exception +
                          R"(","message":")" + message + R"("}})"};
}

struct Case {
  const char* exception;
  const char* message;
  ErrorCode code;
  Remedy remedy;
};

TEST(Refusal, TheExceptionDecidesWhateverTheStatus) {
  const Case cases[] = {
      {"StandbyException", "Operation category READ is not supported in state standby. Visit https://s.apache.org/sbnn-error",
       ErrorCode::back_off, Remedy::other_name_node},
      {"RetriableException", "org.apache.hadoop.hdfs.server.namenode.SafeModeException: Cannot create file", ErrorCode::back_off,
       Remedy::other_name_node},
      {"SafeModeException", "Cannot create directory /archive. Name node is in safe mode.", ErrorCode::back_off, Remedy::none},
      {"AccessControlException", "Permission denied: user=etl, access=WRITE, inode=\\\"/\\\":root:supergroup:drwxr-xr-x",
       ErrorCode::back_off, Remedy::none},
      {"AccessControlException", "/archive/t (is not a directory)", ErrorCode::not_found, Remedy::none},
      {"SecretManager$InvalidToken", "token (token for etl) can't be found in cache", ErrorCode::back_off, Remedy::fresh_token},
      {"DSQuotaExceededException", "The DiskSpace quota of /archive is exceeded: quota = 1024 B", ErrorCode::out_of_space, Remedy::none},
      {"NSQuotaExceededException", "The NameSpace quota (directories and files) of directory /archive is exceeded",
       ErrorCode::out_of_space, Remedy::none},
      {"IOException", "File /a could only be written to 0 of the 1 minReplication nodes. There are 1 datanode(s) running and 1 "
       "node(s) are excluded in this operation.", ErrorCode::back_off, Remedy::none},
      {"IOException", "File /a could only be written to 0 of the 1 minReplication nodes. There are 3 datanode(s) running and no "
       "node(s) are excluded in this operation.", ErrorCode::out_of_space, Remedy::none},
      {"IOException", "File /a could only be written to 0 of the 1 minReplication nodes. There are 0 datanode(s) running and no "
       "node(s) are excluded in this operation.", ErrorCode::back_off, Remedy::none},
      {"IOException", "Failed to find datanode, suggest to check cluster health. excludeDatanodes=null", ErrorCode::back_off, Remedy::none},
      {"IOException", "java.util.concurrent.TimeoutException: Idle timeout expired: 60010/60000 ms", ErrorCode::back_off, Remedy::none},
      {"FileNotFoundException", "File does not exist: /archive/t/a", ErrorCode::not_found, Remedy::none},
      {"FileAlreadyExistsException", "/archive/t/a for client 127.0.0.1 already exists\\n\\tat x.y.Z", ErrorCode::already_exists,
       Remedy::none},
      {"InvalidPathException", "Invalid path name Invalid file name: /p/x:y", ErrorCode::rejected, Remedy::none},
      {"SomethingNewException", "whatever", ErrorCode::back_off, Remedy::none},
  };
  for (const auto& one : cases) {
    for (const int status : {403, 500}) {
      const auto refusal = refusal_of(remote(status, one.exception, one.message), kAsked);
      EXPECT_EQ(refusal.error.code, one.code) << one.exception << ": " << one.message;
      EXPECT_EQ(refusal.remedy, one.remedy) << one.exception;
      EXPECT_TRUE(refusal.error.message.starts_with("CREATE of /archive/t/a at NameNode nn:9870: ")) << refusal.error;
      EXPECT_EQ(refusal.error.text().find('\n'), std::string::npos) << refusal.error;  // no stack trace
    }
  }
}

TEST(Refusal, WhatIsNotHadoopsOwnIsReadByItsStatus) {
  const auto negotiate = refusal_of(io::WebAnswer{401, {{"www-authenticate", "Negotiate"}}, "<html>"}, kAsked);
  EXPECT_EQ(negotiate.error.code, ErrorCode::back_off);
  EXPECT_EQ(negotiate.remedy, Remedy::fresh_token);
  EXPECT_NE(negotiate.error.detail.find("Negotiate"), std::string::npos);
  const auto rpc = refusal_of(
      io::WebAnswer{404, {}, "It looks like you are making an HTTP request to a Hadoop IPC port. This is not the correct port"}, kAsked);
  EXPECT_EQ(rpc.error.code, ErrorCode::rejected);
  EXPECT_NE(rpc.error.hint.find("9870"), std::string::npos);
  for (const auto* body : {"", "{}", "[]", "{\"RemoteException\":3}", "{\"RemoteException\":{\"exception\":{}}}", "<html>"}) {
    EXPECT_EQ(refusal_of(io::WebAnswer{502, {}, body}, kAsked).error.code, ErrorCode::back_off);
  }
}

TEST(Refusal, ANodeThatDoesNotAnswerIsALaterTryOfAnother) {
  const auto refusal = refusal_of(Error{ErrorCode::back_off, "connection refused", "refused"}, kAsked);
  EXPECT_EQ(refusal.error.code, ErrorCode::back_off);
  EXPECT_EQ(refusal.remedy, Remedy::other_name_node);
  EXPECT_EQ(refusal_of(Error{ErrorCode::rejected, "certificate"}, kAsked).remedy, Remedy::none);
}

}  // namespace
}  // namespace sluice::deliver::store::hdfs
