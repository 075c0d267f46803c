/// The registry: every control that is observed.
public enum ControlObservations {
  /// Those of a cloud with these routes; without them, what tries routes assesses nothing.
  public static func all(routes: RouteBook = RouteBook()) -> [any ControlObservation] {
    [
      ControlACTIFS01(), ControlAUD01(), ControlCHG01(), ControlCHG02(), ControlCLOIS01(), ControlCLOIS02(), ControlCONF01(), ControlCONV01(),
      ControlCRYPTO01(), ControlCRYPTO02(), ControlCRYPTO03(), ControlCRYPTO04(), ControlCRYPTO05(), ControlCRYPTO06(), ControlCRYPTO07(),
      ControlCRYPTO08(), ControlDOC01(), ControlEXTRA01(), ControlEXTRA02(), ControlEXTRA03(), ControlFIN01(), ControlHORL01(), ControlIAM01(),
      ControlIAM02(), ControlIAM03(), ControlIAM04(), ControlIAM05(), ControlIAM06(), ControlIAM07(), ControlIAM08(), ControlIAM09(routes: routes),
      ControlIAM10(), ControlIMG01(), ControlINC01(), ControlLANG01(), ControlLOC01(), ControlLOC02(), ControlLOCK01(), ControlLOG01(),
      ControlLOG02(), ControlPCA01(), ControlPHYS01(), ControlRES01(), ControlRES02(), ControlRH01(), ControlSAUV01(), ControlSORTANT01(),
      ControlTIERS01(), ControlVULN01(),
    ]
  }
}
