include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS livecca EXPORT livecca-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
get_property(sinks_left_out GLOBAL PROPERTY LIVECCA_SINKS_LEFT_OUT)
set(headers_left_out)
foreach(sink IN LISTS sinks_left_out)
  list(APPEND headers_left_out PATTERN sinks/${sink}.hpp EXCLUDE)
endforeach()
install(DIRECTORY include/livecca DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} ${headers_left_out})
if(LIVECCA_BUILD_TOOLS)
  install(TARGETS livecca_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(EXPORT livecca-targets NAMESPACE livecca:: FILE livecca-targets.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/livecca)
configure_package_config_file(cmake/livecca-config.cmake.in livecca-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/livecca)
write_basic_package_version_file(livecca-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/livecca-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/livecca-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/livecca)
