"""The instruction table: code -> handler (sensor manuals, chapter 6; R503 manual V1.2.2)."""

from collections.abc import Mapping
from types import MappingProxyType

from emulators.fingerprint_module import automatic_instructions as automatic
from emulators.fingerprint_module import glass_instructions as glass
from emulators.fingerprint_module import library_instructions as library
from emulators.fingerprint_module import setting_instructions as setting
from emulators.fingerprint_module import transfer_instructions as transfer
from emulators.fingerprint_module.codes import Code, Op
from emulators.fingerprint_module.steps import Instruction, answer

INSTRUCTIONS: Mapping[int, Instruction] = MappingProxyType(
    {
        Op.GenImg: Instruction(glass.gen_img),
        Op.Img2Tz: Instruction(glass.img_2_tz, 1),
        Op.Match: Instruction(glass.match, 0, 3),
        Op.Search: Instruction(glass.search, 5, 5),
        Op.RegModel: Instruction(glass.reg_model),
        Op.Store: Instruction(library.store, 3),
        Op.LoadChar: Instruction(library.load_char, 3),
        Op.UpChar: Instruction(transfer.up_char, 1),
        Op.DownChar: Instruction(transfer.down_char, 1),
        Op.UpImage: Instruction(transfer.up_image),
        Op.DownImage: Instruction(transfer.down_image),
        Op.DeletChar: Instruction(library.delet_char, 4),
        Op.Empty: Instruction(library.empty),
        Op.SetSysPara: Instruction(setting.set_sys_para, 2),
        Op.ReadSysPara: Instruction(setting.read_sys_para, 0, 17),
        Op.SetPwd: Instruction(setting.set_pwd, 4),
        Op.VfyPwd: Instruction(setting.vfy_pwd, 4),
        Op.GetRandomCode: Instruction(setting.get_random_code, 0, 5),
        Op.SetAdder: Instruction(setting.set_adder, 4),
        Op.ReadInfPage: Instruction(setting.read_inf_page),
        Op.ChipEnrol: Instruction(automatic.chip_enrol, 0, 3),
        Op.ChipIdentify: Instruction(automatic.chip_identify, 0, 5),
        Op.PortControl: Instruction(answer(Code.OK), 1),
        Op.BinaryImage: Instruction(answer(Code.OK)),
        Op.ReadGpio: Instruction(setting.read_gpio, 0, 2),
        Op.WriteNotepad: Instruction(setting.write_notepad, 33),
        Op.ReadNotepad: Instruction(setting.read_notepad, 1, 33),
        Op.HiSpeedSearch: Instruction(glass.hi_speed_search, 5, 5),
        Op.TempleteNum: Instruction(library.templete_num, 0, 3),
        Op.ReadIndexTable: Instruction(library.read_index_table, 1, 33),
        Op.GetImageEx: Instruction(glass.get_image_ex),
        Op.Cancel: Instruction(answer(Code.OK)),
        Op.AutoEnroll: Instruction(automatic.auto_enroll, 5, 3),
        Op.AutoIdentify: Instruction(automatic.auto_identify, 5, 6),
        Op.Standby: Instruction(setting.standby),
        Op.AuraLedConfig: Instruction(setting.aura_led, 4),
        Op.CheckSensor: Instruction(setting.check_sensor),
        Op.GetAlgVer: Instruction(setting.get_alg_ver, 0, 33),
        Op.GetFwVer: Instruction(setting.get_fw_ver, 0, 33),
        Op.ReadProdInfo: Instruction(setting.read_prod_info, 0, 47),
        Op.SoftRst: Instruction(setting.soft_rst),
        Op.HandShake: Instruction(answer(Code.OK)),
        Op.LedOn: Instruction(answer(Code.OK)),
        Op.LedOff: Instruction(answer(Code.OK)),
        Op.GetImageNoLight: Instruction(glass.gen_img),
        Op.GetEcho: Instruction(answer(Code.ECHO)),
    }
)
