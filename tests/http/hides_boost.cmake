# A library that serves something exports nothing of Boost: cmake -D NM=nm -D LIBRARY=file -P this.
execute_process(COMMAND ${NM} -DC --defined-only ${LIBRARY} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
if(NOT symbols MATCHES "livecca::")
  message(SEND_ERROR "expected symbols of livecca in ${LIBRARY}")
endif()
if(symbols MATCHES "boost::[^\n]*")
  message(SEND_ERROR "expected no symbol of Boost to be exported, got: ${CMAKE_MATCH_0}")
endif()
