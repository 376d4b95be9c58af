import "pe"
/* c */
rule Silent_Banker : banker trojan
{
  meta:
    description = "example"
    n = -5
  strings:
    $a = {6A 40 68 00 30 00 00 6A 14 8D 91}
    $b = {8D 4D B0 2B C1 83 C0 27 99 6A 4E 59 F7 F9}
    $c = "UVODFRYSIHLNWPEJXQZAKCBGMT"
    $w = "wide text" wide ascii nocase
    $f = "word" fullword
    $x = "xored" xor(1-3)
    $b64 = "This program cannot" base64
    $r = /md5: [0-9a-f]{32}/i
    $h = { F4 2? ( 62 B4 | 56 ) 45 }
    $j = { AA BB CC DD [2-4] EE }
  condition:
    any of them
}
rule two { strings: $a = "hello" $m = "MZ" condition: $m at 0 and $a and filesize < 100KB }
private rule p { strings: $a="x" condition: $a }
rule bad { strings: $a = condition: $a }
rule last { condition: pe.number_of_sections > 3 }
rule quantities {
  meta: author = "someone"
  strings:
    $a = "alpha" nocase
    $b = "beta" nocase
    $c = "\xff\x00gamma\n"
  condition:
    #a > 0 or $b or any of ($c*)
}
rule two_of { strings: $a = "first" $b = "second" condition: 2 of them }
rule either { strings: $a = "first" condition: $a or filesize > 10MB }
rule negative { strings: $a = "bad" $b = "good" condition: $a and not $b }
rule wild { strings: $a = { ?? 01 ?? 02 } condition: $a }
rule regexes { strings: $a = /ab(?=c)/ $b = /x.{3}y/s wide ascii condition: any of them }
rule longrules { strings: $a = /\/etc\/[a-z]+\x41/ fullword condition: all of them }
