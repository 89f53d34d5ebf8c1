"""Pickles of data frames as releases of pandas wrote them, which the tests need not install.

Each is `zlib.compress(pickle.dumps(frame))` in base 85, of

    pd.DataFrame(
        {"video_id": ["P08_01", "P01_11"], "start_frame": [437, 12], "seconds": [1.5, float("nan")],
         "verb_class": [3, 0], "all_nouns": [["fridge"], ["tap", "sink"]]},
        index=pd.Index(["P08_01_0", "P01_11_4"], name="narration_id"),
    )

by protocol 2, 4 or 5. Those of 1.2.5 and 1.5.3 went through `reset_index(drop=True)`.
"""

import base64
import zlib
from typing import Final

_PACKED: Final = {
    "0.25.3": (
        "c-nPTYj@j35S5*0l~ABO3-m>ys631fDHte(hEixn-LkYrJj}9^Hdzr__SLS^2I4-TjvM-WIET;h!(ewM_atzt5BA"
        "Q^+_^h<cJ_8X8n7&8vJv%j-dN39kGp4?V(07%&dEEd4N>=k8OL#GtUZ|814%N)^Ngjk(PJ4~<GFNK(tfmlv9w%F>"
        "l8Cy7qi}fa52BZWg}#gyENn1>3Or`V(#H#RmA)d`@CRUAIP4^jk2OQ*ev6FMXC~(=WNrZIgk38RCy687Yk*St5aJ"
        "q7JX-gM<N>aV;)JDXJ+AIe^AqjLp&PH>i?9fBx~WZZ9GnJV2mdSp7i{hKQqEpRl-<p4m9rRpswRDweif(y)m98IO"
        "zFPHrE!O>vTF7{?VWP@s|~z4|lqF!3*ZKe<O)`pC&O51q<4gisg#hPT+7bXLd{-vBZ(UHQ_uDX_PW4aWvScH&~j|"
        "tY2gj$GF0ap;aa`@Z+6g8!r*OEarq3?Sv;>u^?>WuLxa@M{v?qQy<|~aZsP=wem!ln{C=`(I#H6%oc66=n~%0`5U"
        "1)9xPf0t)oi%nK}BKny5+8;$6JuO*q~*97_bJ42Ndf#yg^vX|;`ajZAHV_a-u(#`}9^auhxYcf|hSfHV32{&RV<x"
        "P{X~x8*~Ej}(@}3FpU#^9;d?t;=wJQgJ42oHd-E5}ebV;{R-)S+-+3_OCx`CC_3-Jmu{D@VOyBPjErOe?b0)A-_n"
        "_c|d;2%6i$em#LH$Usi?@6{L%=ti75i@fyb!*2PsXFno#)aLqPTCfPc^=34zA)Czy&mHqs7S3kcq)ZY_yt=1#_V2"
        "P<X!W4egEi*TP5ric&+J%e_k`t^}H(|{pg(nV+qna_Pz&{bJm*8|4xM#o_LB9eIEEt|RB+O;ZE3hO`e2BtU+HACz"
        "8ZB%LalM>krUx81#H{s(=JAl&?BZu{h+j(OHdtEdm@RS2UdY~BPIZ{XFrqXp5<T)6rLIhqNKfKTE&Y^V8{-zi?P7"
        ">Kp4bvAVkmB!!S(B7{7UefcHA|Nj&(Txygxn0h+w<mg;W@qV?_0E<DMNe^VXD8xnphG<BHh_==Uz}7h&UH`s<}_"
    ),
    "1.0.5": (
        "c-oazQE$^Q5N_IL>$)PC#00!d@Bnl|iW;<sJ%A={2muiV?R~PG#I2(xP8B<aN>pqT8%*-sj-SGR;|<PEE42&|_#v"
        "^+ci(sS<t``9uaBEGyY$A0ikM0-$_wTV3Ysy{YtN{n&+YyawohRSUG0(>ji9#{{S%>BA!sVSj0!qrg#_K%PxI*bb"
        "#<=dyGICcdpR&>@0s*MDv_^E1batb8XE@ib?wgghPhc0Z;CP-O{(y$OjSaQf=-Z+6fDYxR7Dvn4AHK21igxM*5wj"
        "{+8G=;A$*2I=mt*Uo&n#~ZmcFFQ=+cF*@cTQ)onvNAE4jwzxsj8K7u_3;f1N8HBMrdlOzVcE)^{lnJKm^O%5@Z-y"
        "X9fBvDEw9@c1@5|Nie0z(Yl6vn$>o+A^##;;>}e1qTQw@iZk&OE(39`03yZ+p9>=aU|otxtTP>{uxNNOy!OPbIl9"
        "30X{rF<0Rb@ErJ-t`C-~eDX_`HB;rmjjAuc@6FyH!LVITagLcRVDkOnA>RGwR9KzrRcq9i*WVZ_8CEJ8z-){NaD>"
        "}Ik;Fp=)HpO09f5AjL>vP%`dB6Ytgtgvm_MXe%zytR`~mN>|BboNw-;mB6w~i{{*LEY9Zqo;fVcHZXl6%Zd0k^)8"
        "Pl{hH&1md8x{mFv8h^NnPB^4Pia@CNn|=0)oKKeAudfaC;SCJ<)2Ka2lWN(p|#e6R?xIoR!ZBJ1P1}T)ePGF7eF$"
        "msGU62+NDb2Y)_#Ky`Qn!k;D"
    ),
    "1.2.5": (
        "c-oaz%}>-o6yJ8YuzW=^668Ykpq7v{yNL&4Oh|y3Xmv5%$z<Bj?lkmcGcyHAMCAZNGB=+5C;o5V^v!fhisHdJbl%"
        "Lo-~0Hz_xjcQE;}u|^x~Kn36()y3Kk3n%^B#K9jfSSD__CdDV%_>J0u?o(5p@Lv`|bGG?PJ23p!##f}Y>X%J|@Ye"
        "XimDKH?wU1}5wylR-o!x|<~hJ0fq)9Rm2A_HJbBIKf~*FBMfjKCa<;m8p~pL66ZN5iBkXsYDekglNwyf}TcqR^<x"
        "9)){O&5qyI^@Ixo`&VVmzFHy&1lc9EZH{kN3er;>#6AT7}x4&@NPq?Wdx->a-57UH|BuzliNkxSs6T+sYi6O!CXA"
        "hZ(NSslLhZ&k>q$sOG0z(_RQyA?*b&j6+f?m0c5<!cR;bhP34IcRVKzr6HrlUJjm1789BQO*kYm=EEA2f(Uk%=_M"
        "a52&{kE-F&7RA55-)gR(o0I(u@Kx;&Z_)AU4?0?y3X<ragLbw-nOt7_*N-QremM0$KRLHsx0iL0HXQKHJIuSrJm0"
        "d$AM#~WK)!NQzWVWrEy>h}-UjLQ!3cfQ@54TdLy;y(A~gzaMaO_NrNsd-Qw2j3U*Pu)r;C3Zcg||l{5eHsWPMVte"
        "*)YIz~|4n&;A$ll&>{0>;%K_1^pL6zixhtJpp`HPeo>|B&O$^`>8{kRpw<!cX2KWK4QOhqbkM8z;?q{$<o*~H?q|"
        "Z9pkt%!JP1S{4+l_LlC-++g*Fx3cF#)-m*&CjwLuF*vMuEZ+;FWXNuaPM6Nxm6pp<Kn+!8Lvf?uKeR(8FQjIYRsu"
        ";;=#4-sNvWkM=9(S#2"
    ),
    "1.5.3": (
        "c-oCq-D}i95WnOu_WFTs5w(Jd_*7qx-djPTU`5c-tMt7rn`G}2F4=_LP1}PO^}&9?zIFT){1g1&eAAiDoxN%w+`#"
        "VaW<Gv1^PA6|Z{OQ3x9obwWx{nYE|usF6)yzX#kbt>cTT>BmtWuvHf@I$BL()^ym}^$P?G1mS8&NkLTRuoZ}Ku8?"
        "=^Qcw~wY4EYBi+V*+-S)w0UsaV}UyHl+Me)<rdGycczDGOiS#pjW0uTuN<J9UD>%oFdo-^zBrxA#8nxT`z(QIDpO"
        "2!_Pm5bkzolnN*aC^@rPVb=mxHTkkat27?d3aJemP8HlcS*P6oo+?k%A0H19)sxyQm5qF^TEGB=UAGSk}+=V{v>2"
        "i8MT_+gngBb|lf!MHqHWxa5dRO4*KfEU7N^`WPE&8(vNcsYu22H&Gh`N6(;nTko-l4dM*xY*`x3<|<A4ur4ejg4|"
        "9I7lC3E-sAHoOAc(U}~B5Dku2*bO^3I4*z`H*WJI5hp_TBCe5DOH7Jm_MYCbc<G)EX0qc~f}DeYQwi|$%7N@2Wr-"
        "+RmVjN>hAYFSbY0NIjRae>bR<;7;+$)|Eb=^OvaGRZgxGc@X%FgiD%!q%au-s?<%pmj&^ZS$WdrOx1x1=+9ZXqa+"
        "9U`RJm*u;hI4{!!{C(8Y@Apj40riqT?1|m4$2u;m<@A2a^hpeS{`eb)D@D88^LlO37nEkT}Qp&L1bql"
    ),
    "2.3.3": (
        "c-n1~&u`N(6vvaaVck~2n8bj~#IaneR)91Kq)7}RL9~t^=gD#sr?!?jmF;XyVge5AhvXZN{U_Y{v$(-?nyM|}gY("
        "?JAD{R2^XKsU&z4s&dwW7<N_9Ue73*h;77Xm_3u@@g+WrO)zrY#vY?~Bg1$KMUT}Z=}q`B@FRMIh18f^D@UM5HT("
        "=&$KttNuxBG&T|u(wDhCn7n@8HrttbKaCyF*%)PN0TX$fL$k<DvP+vvN~h$dc#{>zjmANC$M21kKfdsP8_`rvK_d"
        "(ynuJmi(1xy2BXpF^>1AD7I_BZ$d7_^u>KwxbhDkf61fo)5ksAe#HERXs1^AxOBA@Buk)L|>jw?N4}bdYHs_YNyn"
        "t`oKrC?Zt^ZI2j)LEJ4161z!fB~lL3?LGo1#KOsuaauyF{_1l-j5&G04g{><TJg|B2+@SJ?Aom{#_iD#&xNq|3*@"
        "blF9st3$l^8*c_XWH1D049Rc^hiGO>q+<ruIkXI&fNg6bkAN`@LwGOhMD02J1vtlh%cGOB4@~!Cs&U}fh-4?^mHW"
        "*#uy4beU5{Rh;|P4nAGv1ulUXYv9-h{aonw)*l86+CMH{LNX(o9^J84q9%C%#rVv^)k<6)KNIgw?BckGC5TRQJib"
        "?%ft;BT=ifB$d6U|w*l3K@Vioi5~Yor)9Nl}>vjO6h>=oXl<bgm5UaxNB$j(n!G!t@}e=Luw4Zp)*vNWH}wz=3Qh"
        "hPc%uZ2@WGQjN~+C_<$~T75D!DOrLE;"
    ),
    "3.1.1": (
        "c-oazOK;RL5Y9eQTDp|wp;94U2M)`j(XLd99uQU8idSH%;9OZw;;f@)lgM^j7PS-(Ev@7mhAY2<|JECfoow4JD+H"
        "F3@ndGb`NlK;RR8wFw#<-I8BPMsm7H0_0zYMVK-5?D;IrCQEm=o{K2!2eq2u@|BTkeE!V(;FXMhvjCk$*GPvX?yd"
        "|j-;yd~#L6BI`tKebWvGRl)I@;76GJZ%Kp@=~dc8N)-+X|6JsZod;OO8TpM?=+$rlwoA_l$_0mSSvb!q2wH5gbRq"
        "UJccOfRXHby89`yn5RN0D322QNvpzxGxL5n?t#Yfb<ysr6)dP!}Y>2!(3=I)E?d4G{qC_Xi8wxV=-CeNCF;&V&DU"
        "C<{(OdLxx3S({M(xgeyMsENlOwXBdcw@)6bf{Ridu5EV7zA5fPJClr=IN{7rqY)3m^NGKss`d-j+6xBVX$Shl*SI"
        "V)*Dkot5)RKFEd+G8Z?<fk>IU1|-W*6UagC3yozPO~8bUC@H$uzUo#yrG2%)b=9pND7qr;U=(0AT2@Dg#d%Fu9;s"
        "fh_wpAE^K&hsyrb^DpOx_h)vWQMK#e{G0K15L6g_=RS9J`uJBpxUB6u#V;Tc@|Y7%O*@O`{e%Dob$>ej|{^cR#jW"
        "9)X$v0KqNP%|5FBO!}|K2aE!vL<k*WSvLJrXr+3tpm3+s6uJQh4HQm$a}&a4|AgAMU;?j^g{1Jo}o1C(cE-p0G+D"
        "nT+tHr3ccQ<^OMTjJ}GNmitSOtr%QRQls8Lxzm$s;D|vA%3P_5gfD6n73iV6DbrA)8i!cxQG3Fe{F-p=L+U3turw"
        "(n?&R8weC0)d_p6FMnmz%8*bVsxL_z(Q5WBeA*^J`Az(JVR=wTqraOaBup{Vp4cZV(Zr3FJbVn2G7jI)c7{XF}hO"
        "$qvlXfCy}^3(CaCLcnXet6MmXao<dDK+4i>j)FXcKE{He7<&X>%0r%e&Tk*O23G"
    ),
}

RELEASES: Final = tuple(_PACKED)
COUNTED: Final = ("1.2.5", "1.5.3")
"""Releases whose frame has rows that are only numbered."""


def pickled_frame(release: str) -> bytes:
    """The pickle of a release."""
    return zlib.decompress(base64.b85decode(_PACKED[release]))
