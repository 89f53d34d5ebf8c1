"""Pickles of pandas' own columns and indices, as release 2.3.3 wrote them, which the tests need not install.

Each is `zlib.compress(pickle.dumps(value))` in base 85, of these:

    index = pd.CategoricalIndex(["n0", "n1", "n2"], name="narration_id")
    columns = pd.DataFrame(
        {
            "verb": pd.Categorical(["open", None, "open"]),
            "when": pd.to_datetime(["2020-01-31 04:05:06", None, "2020-02-01 00:00:00.250"], format="ISO8601"),
            "count": pd.array([2**60, None, 3], dtype="Int64"),
            "seen": pd.array([True, None, False], dtype="boolean"),
            "score": pd.array([0.5, None, 2.0], dtype="Float64"),
            "said": pd.array(["ja", None, "nein"], dtype="string[python]"),
            "lists": [[1, 2], pd.Timestamp("2020-03-04"), pd.NaT],
        },
        index=index,
    )
    levels = pd.DataFrame({"x": [1, 2]}, pd.MultiIndex.from_tuples([("P01", 7), ("P02", 8)], names=["video", None]))
    series = pd.Series([1.5, 2.5], index=pd.date_range("2020-01-01", periods=2, freq="D"), name="y")
    names = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]))
    zone = pd.DataFrame({"t": pd.to_datetime(["2020-01-01"]).tz_localize("UTC")})
    period = pd.DataFrame({"t": pd.period_range("2020-01", periods=2, freq="M")})
    span = pd.DataFrame({"t": pd.to_timedelta([1], unit="s")})
    arrow = pd.DataFrame({"t": pd.array(["a", None, "bc"], dtype="string[pyarrow]")})
"""

import base64
import zlib
from typing import Final

_PACKED: Final = {
    "columns": (
        "c-oCtPjB2r6kqS!yEF}<RcJ`tC?FM~?V+m%Py|w?Hr=RFW7SA-;M9)B-"
        "q{_q{<GL)(v^q^NC}NJw+#IbT;Ut^%tzqBC!j*&z=`tS*t=_ImnuHkZ|r$*e((4G`Ox}lc%h~*d3i*m9!)!5oUl$mp&?W9!Y&o`ftF9z&F|HLY"
        "D<%ZgG9;A@^(KGEQx54c0wA_0ZURPm+uF$H++<@LA@>43KbIgZaULZ@-31@Bi|bajJT)-"
        "yX9(SGffgYhMgOPjK)uA+nwDV{BoaqL)JsJ3anhK<59r|apHS4Q1W88v^rIL?>7H3ogdZbN?t9i_QZI^(&C}yrIOYzzMJu}G%=6+)~l@a*i$g#"
        "(iFH{A`#ms5Ahu+^J~(Y$ePt2Fs<ZTl!c>lhiLsU3xuzI05(a&yf{ill6e9hwe(IUTX3G<a;ogwk?I<*LT}o(VH-"
        "z^zb~y`fmhZ)`$U~Q%fB|H@vU+kXYUnU`exr1$~}3kq#2J`q$sSU8DZ$1>=^lJ#YvAPK=VoF%GEMZkQq<|<dS|8hi=yI=OKUIs1?_%n&P))-"
        "QSua;9J%6YjC37I8xH+Dgj##z!6uz;buP25COSX8u%X5j-"
        "q#H#;)U?U*s!tV?pGBR3`ioBlG5NA@3Ay%_5J$9?hsRrE%vBH8rQ*tpfx+);5GX27oTV!9PICd3#E@-8i1J#=ks=t&{G0?eAY-"
        "{QLW#R|>)o4}US}N1HFN;AhMb3%F%pD@QhoM?KDfA8BThFCegBF3o@~z6UnzRchq51;k+SVOh%Mhq*LirATUv=zQdN+RxW(mFtpG2$Rs}aV=%m"
        "oWn(2c^9J!rbC(zwdrYg7`YYq9NCdu;Y0Ag$ZRg;5_qxwaj7uV47sS=jdO6}#&N)CgdHoFs$B4K8LEK}AD4jqFy~0=E5xe6II~_tsX;bu^9;!A"
        "3qbaRm_ii{Adw#w;v$&UVEu77fBy4b@#3DQxqt3pz1}+v0+;+}xvU{A2!Lr@b9K5X1kl#NAp#BL3oR|E(HE0%lS5>4G!{IDxV>E&6``M|ny9+7"
        "1KY55%~vY=a2uLkTh_mVH2)1c9rGi_bgkuuWZBI#*#D>AwVlWMMV(CtP!2|<`2%~9py3D_(duk^O<!ZL+&g^v<cZ_hEuA>m7nzBu(9X*hLO`Ax"
        "0(IvIv=BZZZ`!Rga-jem-"
        "{6~=CGX99(VB8$e!~(My2?I>0U#|e&LZe8X3F$3#fagO`aM_%ek#)Z$nAVW@QrE{p3J{uK#r?pv^4zy)e65{3ieu&(^p>uyA;CcHuk_RynR?j^"
        "eN1$Y6{mCzc)+aJlNZEIl@d7ejE{SPU|u~^h^Sb!;cWQ!^uw(37Md}Kf<)MASUp;bAYwp59mOP@6aHK_fyi#MliC#XA)4C!LQCUsEf{j4d0x~"
    ),
    "levels": (
        "c-n1K-"
        "D}i95WnP_erTyx@uM%kNv{Z@?NbG*;EAB2vG`t=O|o|zx=D`RO+UbbK3wg=zKEm$uFh^Q<SNa>%<N`9e)F51Z^7@M{hs^G!wD@js=~CAEF4K%F"
        "feQHsiq&C{R?)!!xaq75-G+K%!@_$ywpsVRH(3^B^@)Vz^uO$ReE~VoH5)yoktLnC#nkp^MKUlBu`HTBZ-"
        "Z%&X3Ewm|TX$rAM2|JOy)~jAT_L^=RZ$4*qO5;CtR&`*RH@a0yUn`f_678$UmQ+07650)wb;yf+ZX@u$D|IT7_VB#{^S*I>LMXmm5HNu3Lwmxw"
        "V?B2R6asE1CT%@X-"
        "mPT>Sed48LXj9oAlCR8DZ_ejak$wzyK;ryiuTHCRiA;ZYcV!K6+MX8h&;ja_P(yCNi)~UAfn`Q+oxt|uy6oy^`O;d<#3jC4rKi_Kf>wk^D#YSf"
        "**yROKG|f_J=Ns487{Is9)?KYQNZ8Af)r<I-"
        "1v_InL?nT4^Buh6uXxCJEi%5};_~ruFtbGUk9YUL%6(v1oFAItEYDa4^YU$qjc&FpbG_QmmOpU`x9p7gVFR3*Agwai0NEG}{hsHj$oD!b`0G0+"
        "-eqc|NO#A~nyRF(WQOl8#y5pbH6@N?*3`8EcLE<7u8SRJyE>#`n!4#C*8$ZUm*NV{G8qXvcIGoGM0Ku6R!{J8QO$^;i6!$!)k*jdaq3{K"
    ),
    "series": (
        "c-"
        "oCqO>fgc5Vi9~p;VNVQV9y>Myg5{kw5~e5~b;dS~U_qN2|57&RVgZ;9b+^PzetGLVIK2z(3(H@DKO_mAJx*8_cc)bwEgLr0i<eGxOe?x3B8&zE"
        "v%=RC7er9u-b7%$Ors7BK;;v0EJ8!s=@{fR?I}q@RJhUH&*qCCgG83n!r|?XwIMo4ZlkkJ)BC3<f(zv?$W*g1R-G-DCSqI6W$vj1t|oNm8~)wk"
        "Cn6`U6bnvuf_on1O_u6x70`D2XFqI5f-"
        "X7)vb^G8*rbJRL>BAZEnddZKSOX)s_tETERlSc<GNl;0gq8YXP7G``lnV|Wg#p61DDjC)UxM@$#1>^y|i6MfloYsy{+&-"
        "1o_;4*)%<+VDMRDf&ipM)cj;H&GVj6)29B#&ieV1T+zG8PO|A+tP?T7Vns0%Dy2ajiq>*gh29Y`1a<e0drHzw;mcPdoFL_2%P)4`+*(^?Cc#m$"
        "OA3K0sb1%-9Q1H>Z@9!feAZ6ilK*)vW@KeR_ml#W6Cfr8HsS<vKud-V0@hct%eJpk}fBF!A#+G~Q^vpSQ~E`{QD-"
        "Z5UqRIj`zpyb!PEuj~#&H$C|rzk=rASNS!*bUrh_!te4`EgfGg3)lXq3j7gYFLC1=6I!TG<DS#L@3adOQuHwJORC{(%M0k5aN{M7bA9nl&EUf!"
        "c!!eB_<4k5#!09;su?gdPPgLP8dFYlp?y&!Xe;dU>n&a+36s>Ay{m^~M5d}vrNkGf@sKd4eREu*aXj1;q?eDdK3bT>)Mv4P6TyYD$B_HZPm(5-"
        "00"
    ),
    "names": (
        "c-n1KL2J}N6yBtpYPD!pP<!zvu9rwbqzAF!7C}QJ^x~-ulVq|9O(tPxVl7zE!`3d$&8Js?s=hbbWw)|9%zHC=-"
        "+SMD@6EU1*Po4n`|Q1z%Z%$VZIlRe#cKg}>yR7%&iOy#`FFU0ksY#nqQE{`4KJk;O7cpFHJ5xMlm@%~wrbMTqkfNY`*4n6Rhj4|1ngbb$+k>SE"
        "5Q=NQ1AoU)$Mu6Tzd3{DpRnxS+1Ho>GIsA9R1$u$q&4__2(9B;1ZzC%y~=ntzYiL?CJ*`!zkLY-fM{C_`_fP+!758B#|F^mtegy7!0#Fldh~xD"
        "UoBKt1_iD(SU*|OXSl!g%cFz@pUya@kQt`;Tko(#iTf6@9B(K?5>NfJ1m2tM`RbFB=%+{J`2<cYZT9lr#4vqIn1y-"
        "sOzd!E)!RZ<JGsB5@{o~QC(^fQ|#CqSlj)ii%encCD04vMcx#O`_}(>O{A~?iFAM>%}!7u4jf%Olr$T0cZmQb_yTDad&SG*6=g5>7rA}hyqS?u"
        "SkQVY2m}|0Jx<slZ8Fhc^3G_CJ#<XUy(N?4U|q8?>n=5_M|n_uTAm5Jr5j}$mEowwI1WhEm55_8r@OuvipvSL?U?L}+(;Lvz;I<yIy=;+X(95+"
        "5#;n&p#@(EjvPK7YR}>!v051J`i1HR+!%Z!7hpG8Uh#=@AMvVc&NR!q7DtU6!783m@2_;1g#Q2|J#df"
    ),
    "zone": (
        "c-mc4(Q4E{6wPjvx)nu4tO|=hx{3sRDEJ_V-9>4aMkqcN%5alRH(`@WNG7yfT+oNEt=uOaU;Gn4$Pe%f^xkCG-8CVZdnfnIoO3ewqx1dihE-"
        "p9I|mg)=>}OL-ID@RX>e-"
        "*8s60LH}m9^nVKHjA{`Y5AFh_iO3Ok)Qo1Q97|EhEcw;xog7HC<6CAha2$95oxr7+JB`TH2!8nn^XABqLSu2L3fC*K0g~%so%W`k<n!oHqFqR?"
        "1x~r@jlpBJUI!-0wZw}^h4I{w*qs`y8_t_j8e6R`)^(2?&d?1Dk-"
        "20;ePp!C7saP9qE2?VibAz45b`<h(o+&Pmy12z@C=(5o4=uiV;|qE!AGcMN<`Y-c+ox5c<C;GCC<+;5s?<dlXx8Y|l?Ja7-MNgRbz%A~-"
        "|%|9VT<pXiF)XSbGFz%cww$Co9{NZUK-Ey_W#gTzlN6A>$8RitIf=4<6reVmi6W5&W~SrIi1q-"
        "K6d;nCUUITDU&#mjTl1l;=^_$>6om!zkWhOc}9-"
        "<P?9s(g_5UYkLTE%x9BY5+EcO+O!PQ<%DSRw|5Q=(9NX`fN;a_d;Xfs>nE0_l5&;yVt@!kM)r<hq-uho&kSaipnAIVVD@>vzk3?!HG)Y9e)LBj"
        "raUeOU*OdICrXZuKUzqu#cSI^R)KZ9!16os8Obu>|lLSU}cn^{!J1s?6<>Vxt8<Bu7sU<GU%6I<)#lCdj"
    ),
    "period": (
        "c-mc4O>fgc5RKiWP(T7yi4O@Cj^W}Pf<q-l8zE7v2K59&(Q4M-"
        "Bv$OTwYyduiAZorKcu}e@IUzlFuP7@(mm|Vdgsl~n>YU6`^C39e%XgL$P9FpR!T%81*Jf{GXMkcz5f$m{=hl*ZI_i}g?4W}JeNi&35AYIkT4cX"
        "qrG=fRO$4%JrmqMS|V7HbA1g#d!IG3&eLfj7<U*Kyt@$$O2LdGpD|X?&aT6g!8><z0O?d@4)%1tsumU1LgiJ4_U<R|cm%~BJ>UM*O)l`{1}ZbN"
        "TIi+uj~ck6dts+d_w{&)3y0m6O<B((=CS0{ZAvIMQdP;D(a3Y}|9;SRx$`+}?U$uR+w%#?W~(Q{{0&}Ry2|?TmJRkXNs^<#wEPx#4DvXL!*jI3"
        "AsPys;{|ein>Tr3a!Ez^bdjenSKOh<z@>^qw=Zx=5<c0~E)!=&n1d$8?=UG&*$4NH;FDLjxAMLA8O;MJxz4$4=uzKl(wr%gR#F?)q{iX*>@9j}"
        "+3~ouz{7xJ%Z%z;;N*o3KW?!7c7yF(VtX|tss@2v+m&t_ljfWNlh>Qlt*9uFW5?yh*|qv7NkXkLpbXVwyV_JW^~E`YoWSQ4ZlfV5F-"
        "UC3cl9r@QW)?JpmKU(3{CkQ?KT?~F!t_aD2nP-v#hD9|6l|wfD0P&OWpA3A87$xF8"
    ),
    "span": (
        "c-n1JU5gVj6m7fhx{4^GR2TeU5uv`!tBQiST?AVkVexedcV^Pg&`dfe8FmXU=)-"
        ";#^5*r$pX9&s7wEm|)^^1VBsY_LPEO9fUpn7+HX330TNUUGY?Mxoj7A1ZiT>&yICvZ4Z}{{p9%Ik9ML9O;AFiht+DW59*{B2!V`(h<>$_^2PTn"
        "u}1ozzwgiu9dR}l0!MXjqMohT_1#&GiOOUYmi%qa7|5Y_Bxl^*ZC;gelRCo*H$gLPF4ROE_MW>PsIf*T)~n*b!p;L+x<c6^5W=sUVDs~N4Cn^p"
        "W`-zuNu{G1Pa!?tg}!Z?lxziEVN*ob@mmbN%-"
        "^5^gr9VWgTXd)3bl(lk25JHX!Bh#t2&eW+R`uvW+LTWFB3>zodZzj07Eij&9zCG`6HGckh$t7a;W0EIEMt;KBp3!AnNnOwlB*J&BDpDDk7|cAw"
        "7SAVmKy|x!xnP+*k~T`fQkky_Ef2*z{>QSO`OY#91<$AnFyF}^v&8(#UxBpg`qqb)MH{~P`5%j3ljivWdU6NYoVMm>itAGX<S+d8|3n$kV^+1#"
        ">za~$5Yr<a7)MX^ZR@5LS<ivwAaF{as7I-S)V{2I*~+4n4#HDNP6wQ$CM7pF#Yn+8gm*!y>7f-_U6GUEq)?DZ>d<prC($2f$wbW"
    ),
    "arrow": (
        "c-"
        "nPSOOMkq5Kh_#C{)Wsh?fv>ESH@3f>wnU2qJ>CoH$h0Bz2Q$6DP7Al}fAxhr+Jp+Yb9D_>nMnQ*DdD2YYPKH#6Tnz6L*k^*y)D?FPgQRG8M1hj"
        "R%PM>9MG4X>Sij?cg0369NxRhdNdWLv!uno9wt3M&whajDRZUY2!w{C<5WxVhIMSXm_M5`yL?YeiF}$0cWp#aQL1+vY(^SgKHIS%{3$tzMwHHL"
        ">SM_cpN#mmv;W1I&TY+-"
        "Q~#5Rz9kdrWer$!7O`j^q4}+0)C0vw1BUlm#g3e^i3ZI9t2K6&_*KkNn7+I>4}5vZS5Q9kC04ok1^fdimpvXWs7e|2n&rdmH`D9g@^N@hQgIN#"
        "+Wh+2GJT`hP-*<T?$9PL-"
        "m++L1<ccPHspp_JugdhvwxzLSSGG1ro|D0LyI6oD#>)S8GqV(b5~ynA+EAu%@(c8fmapScPXP!!*FCisHAwQmH^UzlJcyQY~@BT);8wrZ9kbNH"
        "$yr(KmsRF||CM5s-*We_+`VnY79N=4oZU-=2zaK<*e73ObDFx!yseb~pd)AeuP_+K!N<9EMlxh*=-"
        "n4C?~_!@ykGZ40|<JKl2KQIsfMNNXpEVm<jZt=-K#gr-"
        "yQd3lBKpoXke^`N&;5(b#ZZs_v9u1P^zZoi4aSbjZ6ixtI)3}`2QqN1soOmC~vR)`QYa6NuXwFJVIL*qbYLoB}i#}_n"
    ),
}


NAMES: Final = tuple(_PACKED)


def pickled_column(name: str) -> bytes:
    """The pickle of that name."""
    return zlib.decompress(base64.b85decode(_PACKED[name]))
