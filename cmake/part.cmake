include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# livecca_part(NAME): the library livecca_NAME is livecca::NAME, and a package of its own, livecca_NAME:
# find_package(livecca) must not ask for what only this part needs. Its config file is
# livecca_NAME-config.cmake.in in the calling folder.
function(livecca_part name)
  set(target livecca_${name})
  set(folder ${CMAKE_INSTALL_LIBDIR}/cmake/${target})
  add_library(livecca::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    INSTALL_RPATH "$ORIGIN"  # liblivecca lies beside it
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  install(TARGETS ${target} EXPORT ${target}-targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT ${target}-targets NAMESPACE livecca:: DESTINATION ${folder})
  configure_package_config_file(${target}-config.cmake.in ${target}-config.cmake INSTALL_DESTINATION ${folder})
  write_basic_package_version_file(${target}-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${target}-config.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/${target}-config-version.cmake DESTINATION ${folder})
endfunction()
